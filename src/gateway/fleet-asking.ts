/** What the fleet asks one of its servers for itself, in the era that it is told, and the answers for which it waits. */
import { isJsonObject, type JsonObject } from '#core'
import { type ClientIdentity, enveloped, type Era, type MessageHead, MODERN_VERSION, type OwnIds } from '#upstream'
import { type Answer, NO_ANSWER } from './fleet-handshake.ts'
import { type Message, parseMessage, writeMessage } from './fleet-messages.ts'

export class FleetAsking {
  /** Who asks, once it is known. */
  client: ClientIdentity | undefined
  readonly #server: string
  readonly #ids: OwnIds
  readonly #forward: (message: Message) => Promise<void>
  readonly #asked = new Map<string, (answer: Answer) => void>()

  constructor(server: string, ids: OwnIds, forward: (message: Message) => Promise<void>) {
    this.#server = server
    this.#ids = ids
    this.#forward = forward
  }

  /** Never rejects: silence and a server that has gone are answers with an error. */
  async ask(method: string, params: JsonObject | undefined, timeoutMs: number, era: Era): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const id = this.begin(method, params, era, resolve)
    const message = `Sealstone: the MCP server ${this.#server} did not answer ${method} within ${timeoutMs} ms`
    const timer = setTimeout(() => resolve({ error: { code: NO_ANSWER, message, data: { code: 'DEADLINE_EXCEEDED' } } }), timeoutMs)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.forget(id)
    }
  }

  /** Asks without waiting. @returns the id of the request */
  begin(method: string, params: JsonObject | undefined, era: Era, answered: (answer: Answer) => void): string {
    const id = this.#ids.next()
    this.#asked.set(id, answered)
    const whole = era === 'modern' && this.client !== undefined ? enveloped(params, MODERN_VERSION, this.client) : params
    void this.#forward(writeMessage(id, { method, ...(whole === undefined ? {} : { params: whole }) })).catch(() => {}) // the session answers what it cannot send
    return id
  }

  /** Nobody waits for this answer any more. */
  forget(id: string): void {
    this.#asked.delete(id)
  }

  owns(id: string): boolean {
    return this.#ids.owns(id)
  }

  /** An answer to what was asked here. */
  settle({ id = '' }: MessageHead, message: Uint8Array): void {
    this.#asked.get(id)?.(readAnswer(message))
    this.#asked.delete(id)
  }
}

function readAnswer(message: Uint8Array): Answer {
  try {
    const { result, error } = parseMessage(message)
    if (isJsonObject(error)) return { error }
    if (isJsonObject(result)) return { result }
  } catch {
    // No more than a result that is none.
  }
  return { error: { code: NO_ANSWER, message: 'Sealstone: the MCP server answered no result' } }
}
