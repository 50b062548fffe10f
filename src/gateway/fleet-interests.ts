/** Of which changes the host wants to hear, resource by resource or, since 2026-07-28, in subscriptions; the servers are told of both. */
import { errorAnswer, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, resultAnswer } from './answers.ts'
import type { FleetDirectory } from './fleet-directory.ts'
import { mergeCapabilities } from './fleet-identity.ts'
import { parseMessage } from './fleet-messages.ts'
import { readSubscription, type Subscriptions } from './fleet-subscriptions.ts'
import { FleetWatch } from './fleet-watch.ts'

export class FleetInterests {
  readonly #servers: FleetDirectory
  readonly #subscriptions: Subscriptions
  readonly #watch = new FleetWatch()
  /** Resources of newer servers of which a host of before 2026-07-28 wants to hear. */
  readonly #uris = new Set<string>()

  constructor(servers: FleetDirectory, subscriptions: Subscriptions) {
    this.#servers = servers
    this.#subscriptions = subscriptions
  }

  /** A host since 2026-07-28 opens a subscription. @returns what it is told */
  async listen(id: string, bytes: Uint8Array): Promise<Uint8Array> {
    const capabilities = mergeCapabilities(this.#servers.known.map((member) => member.capabilities))
    const subscription = readSubscription(parseMessage(bytes)['params'], capabilities)
    if (subscription === undefined) return errorAnswer(id, INVALID_PARAMS, 'Invalid params: notifications is missing')
    const unknown = [...subscription.uris].find((uri) => this.#servers.find(uri) === undefined)
    if (unknown !== undefined) await this.#servers.owner(unknown) // all lists are asked for, and once
    const acknowledged = this.#subscriptions.open(id, subscription)
    if (acknowledged === undefined) return errorAnswer(id, INTERNAL_ERROR, 'Subscription limit reached')
    this.update()
    return acknowledged
  }

  /** A host of before 2026-07-28, and a resource of a newer server. @returns what the host is told */
  subscribe(id: string, uri: string, isWanted: boolean): Uint8Array {
    if (isWanted && this.#uris.size >= MOST_URIS) return errorAnswer(id, INVALID_REQUEST, `${MOST_URIS} resources are subscribed to already`)
    if (isWanted) this.#uris.add(uri)
    else this.#uris.delete(uri)
    this.update()
    return resultAnswer(id, {})
  }

  /** @returns whether this was a subscription */
  cancel(id: string): boolean {
    if (!this.#subscriptions.cancel(id)) return false
    this.update()
    return true
  }

  /** Tells the servers what is new. */
  update(): void {
    this.#watch.update(this.#servers.up, this.#subscriptions.uris.union(this.#uris), (uri) => this.#servers.find(uri))
  }
}

const MOST_URIS = 1000
