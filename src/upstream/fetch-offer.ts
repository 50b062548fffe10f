/** Everything that a server offers, as it came over the wire: all pages of all lists, within limits. */
import { excerpt, isJsonObject, type JsonObject, type JsonValue, SealstoneError } from '#core'
import { isTtl, type ServerIdentity } from './identity.ts'
import { serverFault, UPSTREAM_LIMITS, type UpstreamLimits } from './limits.ts'
import { refuseTwins } from './member-names.ts'
import type { RequestOptions } from './own-requests.ts'

/** Somebody who can ask the server, and knows who it said it is. */
export interface Asker {
  readonly identity: ServerIdentity
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>
}

export interface FetchedOffer {
  readonly server: ServerIdentity['server']
  readonly tools: readonly JsonObject[]
  readonly prompts: readonly JsonObject[]
  readonly resources: readonly JsonObject[]
  readonly resourceTemplates: readonly JsonObject[]
  readonly instructions?: string
}

export interface Fetched {
  readonly offer: FetchedOffer
  /** The shortest time for which the server says that something of this may be kept. Undefined where it says nothing. */
  readonly ttlMs: number | undefined
  /** Of each list that was asked for: the first page's result without its items, so that an answer can be made that looks like the server's. */
  readonly results: Readonly<Partial<Record<ListMethod, JsonObject>>>
}

/** Throws MCP_SERVER_FAULT for a list that is not one or has no end, DEADLINE_EXCEEDED, MCP_REQUEST_REFUSED, MCP_SERVER_UNAVAILABLE. */
export async function fetchOffer(asker: Asker, options: { readonly limits?: UpstreamLimits; readonly signal?: AbortSignal } = {}): Promise<Fetched> {
  const limits = options.limits ?? UPSTREAM_LIMITS
  const walk = new Walk(asker, limits, options.signal)
  const lists: Record<ListKey, readonly JsonObject[]> = { tools: [], prompts: [], resources: [], resourceTemplates: [] }
  for (const { method, key, capability } of LISTS) {
    if (asker.identity.capabilities[capability] !== undefined) lists[key] = await walk.list(method, key)
  }
  const { server, instructions } = asker.identity
  return {
    offer: { server, ...lists, ...(instructions === undefined ? {} : { instructions }) },
    ttlMs: walk.ttlMs,
    results: walk.results,
  }
}

class Walk {
  ttlMs: number | undefined
  readonly results: Partial<Record<ListMethod, JsonObject>> = {}
  readonly #asker: Asker
  readonly #limits: UpstreamLimits
  readonly #signal: AbortSignal | undefined
  readonly #deadline: number
  #bytes = 0

  constructor(asker: Asker, limits: UpstreamLimits, signal: AbortSignal | undefined) {
    this.#asker = asker
    this.#limits = limits
    this.#signal = signal
    this.#deadline = performance.now() + limits.offerMs
    this.ttlMs = asker.identity.ttlMs
  }

  async list(method: ListMethod, key: ListKey): Promise<readonly JsonObject[]> {
    const items: JsonObject[] = []
    const cursors = new Set<string>()
    let cursor: string | undefined
    for (let page = 1; ; page++) {
      if (page > this.#limits.pages) throw serverFault(`${method} has over ${this.#limits.pages} pages`)
      const result = await this.#ask(method, cursor)
      if (result === undefined) return items
      refuseTwins(result, [key, 'nextCursor', 'ttlMs'])
      const { [key]: list, nextCursor, ttlMs, ...rest } = result
      if (page === 1) this.results[method] = { ...rest, ...(ttlMs === undefined ? {} : { ttlMs }) }
      if (isTtl(ttlMs)) this.ttlMs = Math.min(this.ttlMs ?? ttlMs, ttlMs)
      items.push(...this.#readItems(method, key, list, items.length))
      if (nextCursor === undefined || nextCursor === null) return items
      if (typeof nextCursor !== 'string') throw serverFault(`${method} answered a cursor that is no text`)
      if (cursors.has(nextCursor)) throw serverFault(`${method} answered the cursor ${excerpt(nextCursor)} twice, so its pages have no end`)
      cursors.add(nextCursor)
      cursor = nextCursor
    }
  }

  /** Undefined where the server has a capability and not this list of it: templates came later than resources. */
  async #ask(method: ListMethod, cursor: string | undefined): Promise<JsonObject | undefined> {
    const left = this.#deadline - performance.now()
    if (left <= 0) throw new SealstoneError('DEADLINE_EXCEEDED', `the MCP server did not list all that it offers within ${this.#limits.offerMs} ms`)
    const timeoutMs = Math.ceil(Math.min(left, this.#limits.requestMs))
    try {
      const options = { timeoutMs, ...(this.#signal === undefined ? {} : { signal: this.#signal }) }
      return await this.#asker.request(method, cursor === undefined ? undefined : { cursor }, options)
    } catch (error) {
      const missing = error instanceof SealstoneError && error.details['code'] === METHOD_NOT_FOUND
      if (missing && method === 'resources/templates/list' && cursor === undefined) return undefined
      throw error
    }
  }

  #readItems(method: ListMethod, key: ListKey, list: JsonValue | undefined, before: number): readonly JsonObject[] {
    if (!Array.isArray(list)) throw serverFault(`the answer to ${method} has no list of ${key}`)
    if (before + list.length > this.#limits.items) throw serverFault(`${method} lists over ${this.#limits.items} items`)
    for (const item of list as readonly JsonValue[]) {
      if (!isJsonObject(item)) throw serverFault(`${method} lists something that is no object`)
      this.#bytes += JSON.stringify(item).length
      if (this.#bytes > this.#limits.offerBytes) throw serverFault(`all that the server offers is over ${this.#limits.offerBytes} bytes`)
    }
    return list as readonly JsonObject[]
  }
}

type ListKey = (typeof LISTS)[number]['key']
export type ListMethod = (typeof LISTS)[number]['method']

/** What can be listed, the member of the result that holds it, and the capability of a server that has it. */
export const LISTS = [
  { method: 'tools/list', key: 'tools', capability: 'tools' },
  { method: 'prompts/list', key: 'prompts', capability: 'prompts' },
  { method: 'resources/list', key: 'resources', capability: 'resources' },
  { method: 'resources/templates/list', key: 'resourceTemplates', capability: 'resources' },
] as const

const METHOD_NOT_FOUND = '-32601'
