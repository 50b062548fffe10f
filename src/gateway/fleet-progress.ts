/** Which server may tell of the progress of which request: the one that was asked, until it has answered. Tokens are chosen by the host. */
import { isJsonObject, type JsonObject, type JsonValue } from '#core'
import type { FleetMember } from './fleet-member.ts'

export class FleetProgress {
  /** By the id of the request. */
  readonly #asked = new Map<string, { readonly member: FleetMember; readonly token: string }>()

  /** A request of the host goes to this server. */
  forwarded(id: string, member: FleetMember, params: JsonValue | undefined): void {
    const meta = isJsonObject(params) ? params['_meta'] : undefined
    const token = isJsonObject(meta) ? meta['progressToken'] : undefined
    if (token !== undefined && this.#asked.size < MOST_ASKED) this.#asked.set(id, { member, token: JSON.stringify(token) })
  }

  /** It has its answer, or the host waits for it no more. */
  ended(id: string): void {
    this.#asked.delete(id)
  }

  lost(member: FleetMember): void {
    for (const [id, asked] of this.#asked) if (asked.member === member) this.#asked.delete(id)
  }

  /** @param message `notifications/progress` of this server */
  passes(member: FleetMember, { params }: JsonObject): boolean {
    const token = JSON.stringify(isJsonObject(params) ? params['progressToken'] : undefined)
    return this.#asked.values().some((asked) => asked.member === member && asked.token === token)
  }
}

/** As many as all servers together may have open; progress of more is left out. */
const MOST_ASKED = 4096
