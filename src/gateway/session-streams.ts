/**
 * The streams of one host in the revisions with a handshake. Whatever the server says is for this host: on the stream of the request that it
 * belongs to, as far as that can be told, or on the one that the host opened for the rest. Never on two.
 */
import { isJsonObject } from '#core'
import { readHead } from '#upstream'
import { errorAnswer, INVALID_REQUEST } from './answers.ts'
import { parseMessage } from './fleet-messages.ts'
import type { HostReply } from './host-reply.ts'
import type { HostRequest, HostStreams, ToServer } from './host-streams.ts'
import { AnswerSource, type AnswerStreams, type AnswerTarget } from './answer-source.ts'

export class SessionStreams implements HostStreams, AnswerStreams {
  readonly isSession = true
  isRefused = false
  /** By id. One whose host has gone stays until it is answered: its id may not be used for another before. */
  readonly #asked = new Map<string, { readonly id: string; readonly method: string; readonly token: string | undefined; readonly reply: HostReply }>()
  /** What the host opened with GET. */
  #rest: HostReply | undefined
  readonly #toServer: ToServer

  constructor(toServer: ToServer) {
    this.#toServer = toServer
  }

  get open(): number {
    const waiting = [this.#rest, ...Array.from(this.#asked.values(), ({ reply }) => reply)]
    return waiting.filter((reply) => reply?.isOpen === true).length
  }

  begin({ head, bytes, meta, reply }: HostRequest): HostRequest | undefined {
    const { id, method } = head
    if (this.#asked.has(id)) {
      reply.answer(errorAnswer(id, INVALID_REQUEST, 'a request with this id waits for its answer already'))
      return undefined
    }
    this.#asked.set(id, { id, method, token: textOf(meta['progressToken']), reply })
    return { head, bytes, meta, reply }
  }

  /** A newer stream takes the place of one before it, which may be a connection that broke unseen. */
  listen(reply: HostReply): void {
    this.#rest?.end()
    this.#rest = reply
    reply.open()
  }

  write(message: Uint8Array, head = readHead(message, DEPTH)): undefined {
    if (head.answers !== undefined) return this.#answer(head.id ?? '', message, head.answers)
    const stream = head.method === 'notifications/progress' ? this.#ofToken(message) : this.#ofServer()
    if (stream !== undefined) stream.event(message)
    else if (head.id !== undefined)
      this.#toServer(errorAnswer(head.id, NO_STREAM, 'Sealstone: the host has no stream open on which it could be asked'))
  }

  source(): AnswerSource {
    return new AnswerSource(this)
  }

  targetOf(id: string | undefined): AnswerTarget | undefined {
    const [only] = this.#asked.values()
    return id === undefined && this.#asked.size === 1 ? only : this.#asked.get(id ?? '')
  }

  passed(id: string): void {
    this.#asked.delete(id)
  }

  end(): void {
    for (const { reply } of this.#asked.values()) reply.end()
    this.#asked.clear()
    this.#rest?.end()
  }

  #answer(id: string, message: Uint8Array, kind: 'result' | 'error'): undefined {
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    this.#asked.delete(id)
    if (asked.method === 'initialize' && kind === 'error') {
      this.isRefused = true
      asked.reply.dropHeader('mcp-session-id')
    }
    asked.reply.answer(message)
  }

  #ofToken(message: Uint8Array): HostReply | undefined {
    const { params } = parseMessage(message)
    const token = isJsonObject(params) ? textOf(params['progressToken']) : undefined
    const asked = token === undefined ? undefined : this.#asked.values().find((one) => one.token === token)
    return asked?.reply.takesEvents === true ? asked.reply : undefined
  }

  /** A server on stdio does not say which request a message belongs to: where one alone is open, to that. */
  #ofServer(): HostReply | undefined {
    const open = Array.from(this.#asked.values(), ({ reply }) => reply).filter(({ takesEvents }) => takesEvents)
    if (open.length === 1) return open[0]
    return this.#rest?.takesEvents === true ? this.#rest : open.at(-1)
  }
}

function textOf(token: unknown): string | undefined {
  return token === undefined ? undefined : JSON.stringify(token)
}

const DEPTH = 1000
const NO_STREAM = -32603
