/** What the gateway knows of one host that speaks HTTP: its guard, and a way of its own to the server within the same session. */
import type { JsonObject } from '#core'
import { type HttpEndpoint, type Link, openHttpLink, OwnRequests, readHead, type UpstreamLimits, wholeMessages } from '#upstream'
import type { Approval, Mode, Report } from './approval.ts'
import { Guard } from './guard.ts'

export interface HttpSessionOptions {
  readonly mode: Mode
  readonly approval: Approval | undefined
  readonly limits: UpstreamLimits
  readonly report: Report
  readonly endpoint: HttpEndpoint
}

export class HttpSession {
  readonly guard: Guard
  /** Given by the server with the answer to `initialize`. */
  id: string | undefined
  /** The server answers with streams of events, so that our answers in its place look like its own. */
  streams = false
  /** Methods of requests of the host without an answer, by id: one may come on another stream than the one on which it was asked for. */
  readonly pending = new Map<string, string>()
  readonly #options: HttpSessionOptions
  readonly #own: OwnRequests
  #link: Link | undefined

  /** @param authorization the host's own, which ours need as well */
  constructor(options: HttpSessionOptions, authorization: string | undefined) {
    const { endpoint } = options
    const headers = authorization === undefined ? endpoint.headers : { authorization, ...endpoint.headers }
    this.#options = { ...options, endpoint: { ...endpoint, headers } }
    this.#own = new OwnRequests(options.limits)
    this.guard = new Guard({ ...options, ask: (method, params, how) => this.#ask(method, params, how ?? {}) })
  }

  async close(): Promise<void> {
    await this.#link?.close()
  }

  async #ask(method: string, params: JsonObject | undefined, how: Parameters<OwnRequests['ask']>[3]): Promise<JsonObject> {
    const link = (this.#link ??= this.#open())
    const { depth } = this.#options.limits
    return await this.#own.ask(method, params, async (message) => await link.send(message, readHead(message, depth)), how)
  }

  #open(): Link {
    const { endpoint, limits } = this.#options
    const version = this.guard.identity?.protocolVersion
    const session = { ...(this.id === undefined ? {} : { id: this.id }), ...(version === undefined ? {} : { version }) }
    const link = openHttpLink(endpoint, wholeMessages(limits), session)
    link.receive({
      // What else the server says on the streams of our own requests is not for the host.
      message: ({ head, bytes }) => {
        if (head.answers !== undefined && head.id !== undefined) this.#own.settle(head.id, bytes)
      },
      lost: (id, error) => this.#own.lose(id, error),
      ended: (error) => this.#own.fail(error),
    })
    return link
  }
}
