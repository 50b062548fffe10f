/** A server's process and the hosts over HTTP that use it: from its start to its end, and when somebody last did. */
import { toSealstoneError } from '#core'
import { type MessageHead, readHead } from '#upstream'
import { failedAnswer } from './answers.ts'
import type { HostRequest, HostStreams, ToServer } from './host-streams.ts'
import type { Engine, OpenEngine } from './host-engine.ts'

export class HostedServer<Streams extends HostStreams> {
  readonly streams: Streams
  /** Resolves once it takes no more requests, whoever ended it. Never rejects. */
  readonly ended: Promise<void>
  /** Resolves once nothing of its process is left. Never rejects. */
  readonly gone: Promise<void>
  readonly #engine: Promise<Engine>
  #uses = 0
  #usedAt = performance.now()

  constructor(open: OpenEngine, makeStreams: (toServer: ToServer) => Streams) {
    this.streams = makeStreams((message) => void this.tell(readHead(message, DEPTH), message).catch(() => {}))
    this.#engine = open(this.streams)
    this.ended = this.#engine
      .then(async ({ reader }) => await reader.ending)
      .catch(() => {}) // its hosts were told
      .then(() => this.streams.end())
    this.gone = this.ended.then(async () => await this.close())
  }

  /** A request of a host. Resolves when it is on its way; the answer goes to its reply. */
  async ask(request: HostRequest): Promise<void> {
    this.#use()
    const { id } = request.head
    try {
      const { reader } = await this.#engine
      const message = this.streams.begin(request)
      if (message !== undefined) await reader.fromHost(message.head, message.bytes)
    } catch (error) {
      request.reply.dropHeader('mcp-session-id')
      request.reply.answer(failedAnswer(id, toSealstoneError(error)), 502)
    }
  }

  /** A notification, or the answer to a request of the server. */
  async tell(head: MessageHead, bytes: Uint8Array): Promise<void> {
    this.#use()
    await (await this.#engine).reader.fromHost(head, bytes)
  }

  /** Nobody would miss it. */
  isSpare(idleMs: number, unusedMs: number): boolean {
    if (this.streams.open > 0) {
      this.#usedAt = performance.now()
      return false
    }
    const isUnused = this.streams.isRefused || (this.streams.isSession && this.#uses < 2)
    return performance.now() - this.#usedAt >= (isUnused ? Math.min(unusedMs, idleMs) : idleMs)
  }

  get idleSince(): number {
    return this.#usedAt
  }

  async close(): Promise<void> {
    await this.#engine.then(async (engine) => await engine.close()).catch(() => {}) // it was never there
  }

  #use(): void {
    this.#uses++
    this.#usedAt = performance.now()
  }
}

const DEPTH = 1000
