/** Serves one host over standard input and output, until it closes them. Nothing but the protocol is written to standard output. */
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { createServer } from './server.ts'
import type { McpOptions } from './service.ts'
import { openService } from './service.ts'

/** Resolves when the host has gone or the signal aborts. Throws USAGE for a root that is no directory. */
export async function serveMcpStdio(
  options: McpOptions,
  { signal, onFault }: { signal: AbortSignal; onFault: (fault: Error) => void },
): Promise<void> {
  await using service = openService(options)
  const ended = Promise.withResolvers<void>()
  const transport = new EndingTransport(ended.resolve)
  const handle = serveStdio(() => createServer(service), { transport, onerror: onFault, maxSubscriptions: 8 })
  const stop = (): void => void handle.close().finally(ended.resolve)
  signal.addEventListener('abort', stop, { once: true })
  await ended.promise
  signal.removeEventListener('abort', stop)
}

/** Says when it is closed, be it by the host or after a message over the limit; the library takes `onclose` for itself. */
class EndingTransport extends StdioServerTransport {
  readonly #onEnd: () => void

  constructor(onEnd: () => void) {
    super(process.stdin, process.stdout, { maxBufferSize: LONGEST_MESSAGE })
    this.#onEnd = onEnd
  }

  override async close(): Promise<void> {
    await super.close()
    this.#onEnd()
  }
}

const LONGEST_MESSAGE = 10 * 1024 * 1024
