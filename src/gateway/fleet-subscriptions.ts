/** What a host since 2026-07-28 wants to be told of: each `subscriptions/listen` is open until it is cancelled, and gets its copy of the news. */
import type { JsonObject, JsonValue } from '#core'
import type { MessageHead } from '#upstream'
import { objectOf } from './fleet-host.ts'
import { writeMessage } from './fleet-messages.ts'

/** As the host asked for it, without what no server of the fleet tells. */
export interface Subscription {
  readonly lists: ReadonlySet<string>
  readonly uris: ReadonlySet<string>
}

/** @param capabilities of all servers together. Undefined where the params are none */
export function readSubscription(params: JsonValue | undefined, capabilities: JsonObject): Subscription | undefined {
  const { notifications } = objectOf(params)
  if (notifications === undefined) return undefined
  const wanted = objectOf(notifications)
  const lists = LISTS.filter(({ key, capability }) => wanted[key] === true && objectOf(capabilities[capability])['listChanged'] === true)
  const { resourceSubscriptions } = wanted
  const uris = Array.isArray(resourceSubscriptions) && objectOf(capabilities['resources'])['subscribe'] === true ? resourceSubscriptions : []
  return { lists: new Set(lists.map(({ method }) => method)), uris: new Set(uris.filter((uri) => typeof uri === 'string').slice(0, MOST_URIS)) }
}

/** The filter of a server that is told of these changes. */
export function filterFor(lists: ReadonlySet<string>, uris: ReadonlySet<string>): JsonObject {
  const changes = LISTS.filter(({ method }) => lists.has(method)).map(({ key }) => [key, true] as const)
  return { ...Object.fromEntries(changes), ...(uris.size === 0 ? {} : { resourceSubscriptions: [...uris] }) }
}

/** Notifications that go to those alone who asked for them. */
export function isNews({ method }: MessageHead): boolean {
  return method === UPDATED || LISTS.some((list) => list.method === method)
}

export class Subscriptions {
  readonly #open = new Map<string, Subscription>()

  /** @returns what the host gets at once: that it was understood; undefined where too many are open */
  open(id: string, subscription: Subscription): Uint8Array | undefined {
    if (this.#open.size >= MOST_OPEN || this.#open.has(id)) return undefined
    this.#open.set(id, subscription)
    const notifications = filterFor(subscription.lists, subscription.uris)
    return stamped(id, { method: 'notifications/subscriptions/acknowledged', params: { notifications } })
  }

  /** @returns false where there is none with this id */
  cancel(id: string): boolean {
    return this.#open.delete(id)
  }

  get uris(): ReadonlySet<string> {
    return new Set([...this.#open.values()].flatMap(({ uris }) => [...uris]))
  }

  /** A copy for each that asked for it. */
  copies(message: JsonObject): readonly Uint8Array[] {
    const method = textOf(message['method'])
    const uri = textOf(objectOf(message['params'])['uri'])
    const wants = ({ lists, uris }: Subscription): boolean => (method === UPDATED ? uris.has(uri) : lists.has(method))
    return [...this.#open].filter(([, subscription]) => wants(subscription)).map(([id]) => stamped(id, message))
  }
}

/** News as servers of before 2026-07-28 tell them. */
export function withoutStamp(message: JsonObject): JsonObject {
  const params = objectOf(message['params'])
  const { [SUBSCRIPTION]: _, ...meta } = objectOf(params['_meta'])
  const { _meta: __, ...rest } = params
  return { ...message, params: Object.keys(meta).length === 0 ? rest : { ...rest, _meta: meta } }
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function stamped(id: string, message: JsonObject): Uint8Array {
  const params = objectOf(message['params'])
  const meta = { ...objectOf(params['_meta']), [SUBSCRIPTION]: JSON.parse(id) as JsonValue }
  return writeMessage(undefined, { ...message, params: { ...params, _meta: meta } }).bytes
}

const LISTS = [
  { method: 'notifications/tools/list_changed', key: 'toolsListChanged', capability: 'tools' },
  { method: 'notifications/prompts/list_changed', key: 'promptsListChanged', capability: 'prompts' },
  { method: 'notifications/resources/list_changed', key: 'resourcesListChanged', capability: 'resources' },
] as const
const UPDATED = 'notifications/resources/updated'
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'
const MOST_OPEN = 64
const MOST_URIS = 1000
