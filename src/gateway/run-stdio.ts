/** The gateway for one host on standard input and output: one server, from its start to its end. */
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SealstoneError, toSealstoneError } from '#core'
import { LineFramer, type Link, openLink, UPSTREAM_LIMITS, type UpstreamLimits, type UpstreamTarget } from '#upstream'
import { errorAnswer, PARSE_ERROR } from './answers.ts'
import type { Approval, Mode, Report } from './approval.ts'
import { LineWriter } from './line-writer.ts'
import { StdioSession } from './stdio-session.ts'

export interface StdioGatewayOptions {
  readonly target: UpstreamTarget
  /** A way to it that is being opened already. It is closed here. */
  readonly link?: Promise<Link>
  readonly mode: Mode
  /** May be missing where nothing is compared. */
  readonly approval?: Approval
  readonly limits?: UpstreamLimits
  readonly report: Report
  readonly input: Readable
  readonly output: Writable
  /** For the person who reads standard error: the server's own lines, and ours. */
  readonly onErrorLine: (line: string) => void
  readonly note: (text: string) => void
  readonly signal?: AbortSignal
}

/**
 * Resolves when the host has closed its end and has all answers, or the signal aborts; the server's process is gone by then.
 * Throws MCP_SERVER_UNAVAILABLE when the server ends first, MCP_SERVER_FAULT when it breaks a rule, INPUT_INVALID when the host does.
 */
export async function runStdioGateway(options: StdioGatewayOptions): Promise<void> {
  const limits = options.limits ?? UPSTREAM_LIMITS
  const link = await (options.link ?? openLink(options.target, limits, options.onErrorLine))
  const host = new LineWriter(options.output)
  const session = new StdioSession({ mode: options.mode, approval: options.approval, limits, report: options.report, note: options.note, link, host })
  const aborted = Promise.withResolvers<void>()
  options.signal?.addEventListener('abort', () => aborted.resolve(), { once: true })
  if (options.signal?.aborted === true) aborted.resolve()
  try {
    await Promise.race([readHost(options.input, session, host, limits), session.ending, aborted.promise])
  } finally {
    options.input.destroy()
    await link.close()
  }
}

/** Whoever takes the messages of a host. */
export type HostReader = Pick<StdioSession, 'fromHost' | 'settled'>

/** Resolves when the host has closed its end and has all answers. Throws INPUT_INVALID. */
export async function readHost(input: Readable, session: HostReader, host: LineWriter, limits: Pick<UpstreamLimits, 'depth'>): Promise<void> {
  const framer = new LineFramer({ heldBytes: MOST_HOST_BYTES, streamedBytes: MOST_HOST_BYTES, depth: limits.depth })
  try {
    for await (const chunk of input) {
      for (const { head, bytes, part } of framer.push(chunk as Uint8Array)) {
        if (part !== 'whole') throw new SealstoneError('INPUT_TOO_LARGE', `a message of the host is longer than ${MOST_HOST_BYTES} bytes`)
        await session.fromHost(head, bytes)
      }
    }
  } catch (error) {
    const { message } = toSealstoneError(error)
    await host.write(errorAnswer('null', PARSE_ERROR, `Sealstone: ${message}`))
    throw new SealstoneError('INPUT_INVALID', `the host: ${message}`, { cause: error, hint: 'the host must send one JSON-RPC message on each line' })
  }
  await Promise.race([session.settled(), sleep(LAST_ANSWERS_MS, undefined, { ref: false })])
}

const MOST_HOST_BYTES = 16 * 1024 * 1024
/** A host that has closed its end hardly waits for longer. */
const LAST_ANSWERS_MS = 5000
