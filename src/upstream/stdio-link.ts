/** A server as a process of ours, on standard input and output. */
import { once } from 'node:events'
import { SealstoneError, toSealstoneError } from '#core'
import { serverFault } from './limits.ts'
import type { Link, Receiver } from './link.ts'
import { type FramingLimits, LineFramer } from './message-framer.ts'
import { type ServerCommand, type ServerProcess, startServerProcess } from './server-process.ts'

/** Throws MCP_SERVER_UNAVAILABLE where the command cannot be started. */
export async function openStdioLink(server: ServerCommand, limits: FramingLimits, onErrorLine: (line: string) => void): Promise<Link> {
  const child = await startServerProcess(server, onErrorLine)
  return {
    kind: 'stdio',
    receive: (receiver) => void readAll(child, limits, receiver),
    send: (message) => write(child, message),
    close: () => child.close(),
  }
}

async function readAll(child: ServerProcess, limits: FramingLimits, receiver: Receiver): Promise<void> {
  const framer = new LineFramer(limits)
  let fault: SealstoneError | undefined
  try {
    for await (const chunk of child.stdout) {
      for (const incoming of framer.push(chunk as Uint8Array)) {
        const taken = receiver.message(incoming)
        if (taken !== undefined) await taken
      }
    }
    framer.end()
  } catch (error) {
    fault = toSealstoneError(error, 'MCP_SERVER_FAULT')
    void child.close() // what breaks the rules once is not listened to again
  }
  const how = await Promise.race([child.exited, closedOnly()])
  if (fault?.code === 'MCP_SERVER_FAULT') receiver.ended(fault)
  else receiver.ended(new SealstoneError('MCP_SERVER_UNAVAILABLE', `the MCP server has ended (${how})`))
}

async function write(child: ServerProcess, message: Uint8Array): Promise<void> {
  if (child.stdin.destroyed || child.stdin.writableEnded) throw new SealstoneError('MCP_SERVER_UNAVAILABLE', 'the MCP server has ended')
  if (message.includes(NEWLINE)) throw serverFault('a message holds a line end')
  child.stdin.cork()
  child.stdin.write(message)
  const more = child.stdin.write('\n')
  child.stdin.uncork()
  if (!more) await Promise.race([once(child.stdin, 'drain'), child.exited])
}

/** Its output is closed and it has not ended: it is told so after a moment. */
function closedOnly(): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, 500, 'it closed its output').unref())
}

const NEWLINE = 0x0a
