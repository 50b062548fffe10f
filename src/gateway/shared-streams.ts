/**
 * The streams of all hosts that use one server's process in 2026-07-28, in which nothing is kept between requests. Hosts know nothing of each
 * other, so an id or a progress token that another request has already is changed on its way to the server, and back. A message of the
 * server that is not clearly about one open request is for nobody.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '#core'
import { type MessageHead, OwnIds, readHead } from '#upstream'
import { errorAnswer, METHOD_NOT_FOUND } from './answers.ts'
import { parseMessage, writeMessage } from './fleet-messages.ts'
import type { HostReply } from './host-reply.ts'
import type { HostRequest, HostStreams, ToServer } from './host-streams.ts'
import { AnswerSource, type AnswerStreams, type AnswerTarget } from './answer-source.ts'

interface Asked {
  /** As the server knows it. */
  readonly id: string
  readonly hostId: string
  readonly token: JsonValue | undefined
  readonly hostToken: JsonValue | undefined
  readonly method: string
  /** The host wants to read the server's log of it. */
  readonly logs: boolean
  readonly reply: HostReply
}

export class SharedStreams implements HostStreams, AnswerStreams {
  readonly isSession = false
  readonly isShared = true
  isRefused = false
  readonly #asked = new Map<string, Asked>()
  /** Ids of requests whose hosts have gone; the server may answer them all the same. */
  readonly #given = new Set<string>()
  readonly #toServer: ToServer
  readonly #ids = OwnIds.of('listen')
  /** More ids are given than are known: none of a host is used as it is. */
  #isWary = false
  #hasAnswered = false

  constructor(toServer: ToServer) {
    this.#toServer = toServer
  }

  get open(): number {
    return this.#asked.size
  }

  begin({ head, bytes, meta, reply }: HostRequest): { head: MessageHead; bytes: Uint8Array } {
    const { id: hostId, method } = head
    const hostToken = meta['progressToken']
    const isTaken = this.#isWary || this.#asked.has(hostId) || this.#given.has(hostId) || this.#hasToken(hostToken)
    const id = isTaken ? this.#ids.next() : hostId
    const token = isTaken && hostToken !== undefined ? (JSON.parse(id) as string) : hostToken
    const asked = { id, hostId, token, hostToken, method, logs: meta[LOG_LEVEL] !== undefined, reply }
    this.#asked.set(id, asked)
    void reply.closed.then(() => this.#gone(asked))
    if (!isTaken) return { head, bytes }
    const message = parseMessage(bytes)
    return writeMessage(id, token === undefined ? message : withMeta(message, { progressToken: token }))
  }

  write(message: Uint8Array, head = readHead(message, DEPTH)): undefined {
    if (head.answers !== undefined) return this.#answer(head.id ?? '', message, head.answers)
    if (head.id !== undefined) {
      this.#toServer(errorAnswer(head.id, METHOD_NOT_FOUND, 'Method not found')) // servers ask nothing of hosts in this revision
      return
    }
    if (head.cancels !== undefined) return this.#cancelled(head.cancels)
    const found = this.#owner(head, parseMessage(message))
    if (found?.asked.reply.takesEvents === true) found.asked.reply.event(found.changed ?? message)
  }

  source(): AnswerSource {
    return new AnswerSource(this)
  }

  targetOf(id: string | undefined): AnswerTarget | undefined {
    const [only] = this.#asked.values()
    const asked = id === undefined && this.#asked.size === 1 && this.#given.size === 0 ? only : this.#asked.get(id ?? '')
    return asked?.id === asked?.hostId ? asked : undefined // another id must be written into it first
  }

  passed(id: string): void {
    this.#forget(id)
  }

  end(): void {
    for (const { reply } of this.#asked.values()) reply.end()
    this.#asked.clear()
  }

  #answer(id: string, message: Uint8Array, kind: 'result' | 'error'): undefined {
    const asked = this.#asked.get(id)
    this.#forget(id)
    if (asked === undefined) return
    const isProbe = asked.method === 'server/discover' && kind === 'error'
    if (isProbe) this.isRefused = true
    // Old servers end at the first request that they do not know; a host asks on, with a handshake, where it hears that there is no such method.
    if (isProbe && !this.#hasAnswered && hasEnded(message)) {
      asked.reply.answer(errorAnswer(asked.hostId, METHOD_NOT_FOUND, 'the MCP server does not speak this revision'))
      return
    }
    this.#hasAnswered = true
    asked.reply.answer(asked.id === asked.hostId ? message : restored(asked, parseMessage(message)))
  }

  #owner({ method }: MessageHead, message: JsonObject): { readonly asked: Asked; readonly changed?: Uint8Array } | undefined {
    const params = isJsonObject(message['params']) ? message['params'] : {}
    if (method === 'notifications/progress') {
      const asked = this.#asked.values().find(({ token }) => token !== undefined && token === params['progressToken'])
      if (asked === undefined || asked.token === asked.hostToken) return asked && { asked }
      return { asked, changed: writeMessage(undefined, { ...message, params: { ...params, progressToken: asked.hostToken as JsonValue } }).bytes }
    }
    const subscription = isJsonObject(params['_meta']) ? params['_meta'][SUBSCRIPTION] : undefined
    if (subscription !== undefined) {
      const asked = this.#asked.get(JSON.stringify(subscription))
      if (asked === undefined || asked.id === asked.hostId) return asked && { asked }
      return { asked, changed: writeMessage(undefined, withMeta(message, { [SUBSCRIPTION]: JSON.parse(asked.hostId) as JsonValue })).bytes }
    }
    if (method !== 'notifications/message') return undefined
    const readers = [...this.#asked.values()].filter(({ logs }) => logs)
    const [only] = readers
    return only !== undefined && readers.length === 1 ? { asked: only } : undefined
  }

  /** The server ends a request of its own accord, such as a subscription; over HTTP its stream ends. */
  #cancelled(id: string): undefined {
    const asked = this.#asked.get(id)
    this.#forget(id)
    asked?.reply.end()
  }

  /** Streamable HTTP of this revision: a host that closes the stream of a request cancels it. */
  #gone(asked: Asked): void {
    if (this.#asked.get(asked.id) !== asked) return
    this.#asked.delete(asked.id)
    if (this.#given.size < MOST_GIVEN) this.#given.add(asked.id)
    else this.#isWary = true
    this.#toServer(
      Buffer.from(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${asked.id},"reason":"the host has gone"}}`),
    )
  }

  #forget(id: string): void {
    this.#asked.delete(id)
    this.#given.delete(id)
  }

  #hasToken(token: JsonValue | undefined): boolean {
    return token !== undefined && this.#asked.values().some((asked) => asked.token === token)
  }
}

/** The answer to a request whose id was changed, with the host's. */
function restored({ hostId }: Asked, message: JsonObject): Uint8Array {
  const { result } = message
  const meta = isJsonObject(result) ? result['_meta'] : undefined
  if (!isJsonObject(result) || !isJsonObject(meta) || meta[SUBSCRIPTION] === undefined) return writeMessage(hostId, message).bytes
  return writeMessage(hostId, { ...message, result: { ...result, _meta: { ...meta, [SUBSCRIPTION]: JSON.parse(hostId) as JsonValue } } }).bytes
}

function withMeta(message: JsonObject, members: JsonObject): JsonObject {
  const params = isJsonObject(message['params']) ? message['params'] : {}
  const meta = isJsonObject(params['_meta']) ? params['_meta'] : {}
  return { ...message, params: { ...params, _meta: { ...meta, ...members } } }
}

/** It is the gateway that says so, in the server's place. */
function hasEnded(message: Uint8Array): boolean {
  const { error } = parseMessage(message)
  return isJsonObject(error) && isJsonObject(error['data']) && error['data']['code'] === 'MCP_SERVER_UNAVAILABLE'
}

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel'
const DEPTH = 1000
const MOST_GIVEN = 1024
