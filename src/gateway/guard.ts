/** Decides about every message between one host and one server. Knows nothing of how they are carried. */
import { excerpt, isJsonObject, type JsonObject, type JsonValue, toSealstoneError } from '#core'
import {
  type Asker,
  MODERN_VERSION,
  identityFromDiscover,
  identityFromInitialize,
  LISTS,
  type MessageHead,
  META,
  readAnswer,
  revisionOf,
  serverFault,
  type ServerIdentity,
  type UpstreamLimits,
} from '#upstream'
import { blockedAnswer, errorAnswer, failedAnswer, INVALID_PARAMS, INVALID_REQUEST, listAnswer, METHOD_NOT_FOUND, refusedCall } from './answers.ts'
import type { Approval, Block, Mode, Report } from './approval.ts'
import { GuardReports } from './guard-reports.ts'
import { Handshake } from './handshake.ts'
import { OfferWatch, type Verdict } from './offer-watch.ts'

export type Ruling =
  | { readonly kind: 'pass' }
  /** What whoever sent it gets instead. */
  | { readonly kind: 'answer'; readonly message: Uint8Array }
  /** @property like the ruling about another message that says the same, which waits already */
  | { readonly kind: 'drop'; readonly like?: Promise<Ruling> }

export interface GuardOptions {
  readonly mode: Mode
  /** Missing only where nobody looks. */
  readonly approval: Approval | undefined
  readonly limits: UpstreamLimits
  readonly report: Report
  /** Asks the server on the connection of the host, so that it sees the same session. */
  readonly ask: Asker['request']
}

export class Guard {
  readonly #options: GuardOptions
  readonly #watch: OfferWatch | undefined
  readonly #handshake = new Handshake()
  readonly #reports: GuardReports
  /** Of the host's requests since 2026-07-28, in which nothing is kept between them: ours carry the same. */
  #envelope: JsonObject | undefined
  /** The server said at the handshake that it is somebody else. */
  #refused: Block | undefined
  /** Notifications of a change that wait for a comparison. */
  readonly #changesWaiting = new Map<string, Promise<Ruling>>()
  /** The host has said who it is; before that the server must not be asked. */
  readonly #ready = Promise.withResolvers<void>()

  constructor(options: GuardOptions) {
    this.#options = options
    this.#reports = new GuardReports(options)
    if (options.mode !== 'off' && options.approval !== undefined) {
      this.#watch = new OfferWatch(options.approval, options.limits, (verdict, digest) => this.#reports.verdict(verdict, digest))
    }
  }

  /** Of the handshake, once it was let through. */
  get identity(): ServerIdentity | undefined {
    return this.#handshake.identity
  }

  /** A request of the host. Resolves at once where everything is known. */
  onRequest(head: MessageHead, message: Uint8Array): Ruling | Promise<Ruling> {
    const watch = this.#watch
    const { method = '', id = 'null' } = head
    if (watch === undefined) return PASS
    if (method === 'initialize') this.#handshake.begin()
    if (method === 'ping' || method === 'initialize' || method === 'server/discover') return PASS
    if (revisionOf(head) !== undefined) this.#envelope ??= envelopeOf(message)
    if (!this.#knowsHost()) {
      if (this.#options.mode === 'warn') return PASS
      return { kind: 'answer', message: errorAnswer(id, INVALID_REQUEST, 'not before the connection is initialized') }
    }
    this.#ready.resolve()
    if (this.#options.mode === 'warn') {
      if (watch.current === undefined) void this.#check(watch)
      else this.#warnOfCall(head, watch.current)
      return PASS
    }
    if (this.#refused !== undefined) return { kind: 'answer', message: blockedAnswer(id, this.#refused) }
    const list = LISTS.find((one) => one.method === method)
    const { current } = watch
    if (current !== undefined && (list === undefined || watch.ageMs < FRESH_MS)) return this.#rule(head, current)
    return this.#check(watch).then((verdict) => this.#rule(head, verdict))
  }

  /** A call without an id asks for no answer, so that it could not be refused; some servers carry it out all the same. */
  passesNotification({ method = '', params }: MessageHead): boolean {
    if (this.#watch === undefined || this.#options.mode === 'warn' || method.startsWith('notifications/')) return true
    const reason = `${excerpt(method)} came without an id`
    this.#reports.call('blocked', params.name, reason)
    return false
  }

  /** A notification of the host has been passed on. */
  afterNotification({ method }: MessageHead): void {
    if (method !== 'notifications/initialized' || this.#watch === undefined || !this.#knowsHost()) return
    this.#ready.resolve()
    void this.#check(this.#watch)
  }

  /** Whether the answer to this request is looked at, so that it must be held whole. */
  looksAtAnswer(method: string): boolean {
    return this.#watch !== undefined && (method === 'initialize' || method === 'server/discover')
  }

  /** The answer to `initialize` or `server/discover`, before the host sees it. */
  onIdentity(method: string, head: MessageHead, message: Uint8Array): Ruling {
    const watch = this.#watch
    if (watch === undefined) return PASS
    if (head.answers === 'error') {
      if (method === 'initialize') this.#handshake.failed(serverFault('the server refused the handshake'))
      return PASS
    }
    let block: Block | undefined
    try {
      const result = resultOf(readAnswer(message, this.#options.limits))
      const identity = method === 'initialize' ? identityFromInitialize(result) : identityFromDiscover(result, MODERN_VERSION)
      if (method === 'initialize') this.#handshake.answered(identity)
      watch.verdict = undefined
      block = watch.judgeIdentity(identity)
    } catch (error) {
      if (method === 'initialize') this.#handshake.failed(toSealstoneError(error))
      if (this.#options.mode === 'warn') return PASS
      return { kind: 'answer', message: failedAnswer(head.id ?? 'null', toSealstoneError(error)) }
    }
    if (block !== undefined) this.#reports.block(block, undefined)
    if (this.#options.mode === 'warn') return PASS
    this.#refused = block
    return block === undefined ? PASS : { kind: 'answer', message: blockedAnswer(head.id ?? 'null', block) }
  }

  /** A request or notification of the server. Waits for a comparison that is needed first; whoever calls must go on reading meanwhile. */
  onServerMessage(head: MessageHead): Ruling | Promise<Ruling> {
    const watch = this.#watch
    if (watch === undefined || head.method === 'ping') return PASS
    const changed = head.method !== undefined && CHANGES.has(head.method)
    if (this.#options.mode === 'warn') {
      if (changed) void this.#check(watch, true)
      return PASS
    }
    if (this.#refused !== undefined) return refuseServer(head)
    if (!changed && watch.verdict !== undefined) return serverRuling(head, watch.verdict)
    if (!changed) return this.#ready.promise.then(async () => serverRuling(head, await this.#check(watch)))
    // One that waits already will tell the host of this change too.
    const method = head.method ?? ''
    watch.changedMeanwhile()
    const like = this.#changesWaiting.get(method)
    if (like !== undefined) return { kind: 'drop', like }
    const ruling = this.#ready.promise.then(async () => {
      const verdict = await this.#check(watch, true)
      this.#changesWaiting.delete(method)
      return serverRuling(head, verdict)
    })
    this.#changesWaiting.set(method, ruling)
    return ruling
  }

  async #check(watch: OfferWatch, changed = false): Promise<Verdict> {
    return await watch.check(async () => await this.#asker(), changed)
  }

  async #asker(): Promise<Asker> {
    const { ask } = this.#options
    const envelope = this.#envelope
    if (envelope === undefined) return { identity: await this.#handshake.settled(this.#options.limits.connectMs), request: ask }
    const request: Asker['request'] = (method, params, options) => ask(method, { ...params, _meta: envelope }, options)
    return { identity: identityFromDiscover(await request('server/discover'), MODERN_VERSION), request }
  }

  #knowsHost(): boolean {
    return this.#envelope !== undefined || this.#handshake.isBegun
  }

  #rule(head: MessageHead, verdict: Verdict): Ruling {
    const { method = '', id = 'null', params } = head
    if (verdict.kind === 'blocked') return { kind: 'answer', message: blockedAnswer(id, verdict.block) }
    const list = LISTS.find((one) => one.method === method)
    if (list !== undefined) {
      const first = verdict.fetched.results[list.method]
      if (first === undefined) return { kind: 'answer', message: errorAnswer(id, METHOD_NOT_FOUND, 'Method not found') }
      // The whole list is one page here, so no cursor was given out.
      if (params.cursor !== undefined) return { kind: 'answer', message: errorAnswer(id, INVALID_PARAMS, 'Invalid cursor') }
      return { kind: 'answer', message: listAnswer(id, list.key, first, verdict.fetched.offer) }
    }
    const missing = unapproved(head, verdict)
    if (missing === undefined) return PASS
    this.#reports.call('blocked', params.name, missing)
    const block = { code: 'MCP_BLOCKED', reason: missing, hint: 'use one of those that are listed', differences: [] } as const
    return { kind: 'answer', message: method === 'tools/call' ? refusedCall(id, block, revisionOf(head) !== undefined) : blockedAnswer(id, block) }
  }

  #warnOfCall(head: MessageHead, verdict: Verdict): void {
    const missing = verdict.kind === 'verified' ? unapproved(head, verdict) : undefined
    if (missing !== undefined) this.#reports.call('warned', head.params.name, missing)
  }
}

function unapproved({ method, params }: MessageHead, verdict: Extract<Verdict, { kind: 'verified' }>): string | undefined {
  const name = params.name ?? ''
  if (method === 'tools/call' && !verdict.tools.has(name)) return `the tool ${excerpt(name)} was not approved`
  if (method === 'prompts/get' && !verdict.prompts.has(name)) return `the prompt ${excerpt(name)} was not approved`
  return undefined
}

function serverRuling(head: MessageHead, verdict: Verdict): Ruling {
  return verdict.kind === 'verified' ? PASS : refuseServer(head)
}

function refuseServer({ id }: MessageHead): Ruling {
  return id === undefined
    ? { kind: 'drop' }
    : { kind: 'answer', message: errorAnswer(id, METHOD_NOT_FOUND, 'not before what is offered was verified') }
}

function resultOf(answer: JsonObject): JsonObject {
  const { result } = answer
  return isJsonObject(result) ? result : {}
}

/** The members that make requests of ours look to the server like those of this host. */
function envelopeOf(message: Uint8Array): JsonObject | undefined {
  try {
    const params = (JSON.parse(Buffer.from(message).toString('utf8')) as { params?: { _meta?: Record<string, JsonValue> } }).params
    const kept = Object.entries(params?._meta ?? {}).filter(([name]) => ENVELOPE.has(name))
    return Object.fromEntries(kept)
  } catch {
    return undefined // the server will say that it is no JSON
  }
}

const PASS: Ruling = { kind: 'pass' }
const ENVELOPE: ReadonlySet<string> = new Set([META.protocolVersion, META.clientInfo, META.clientCapabilities])
const CHANGES = new Set(['notifications/tools/list_changed', 'notifications/prompts/list_changed', 'notifications/resources/list_changed'])
/** A host lists tools, prompts and resources in one go: these are answered from one comparison. */
const FRESH_MS = 1000
