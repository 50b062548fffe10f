/** Names of members that some readers take for others: Go's encoding/json, for one, does not mind upper and lower case, and the last one counts. */
import { excerpt, type JsonObject } from '#core'
import { serverFault } from './limits.ts'

/** One form for all names that such a reader takes for the same; `ſ` and the Kelvin sign are an `s` and a `k` to it. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

/** Throws MCP_SERVER_FAULT for a member that is read as one of `names` by some and not by us: what they see was compared with nothing. */
export function refuseTwins(object: JsonObject, names: readonly string[]): void {
  for (const name of Object.keys(object)) {
    const twin = names.includes(name) ? undefined : names.find((known) => foldName(known) === foldName(name))
    if (twin !== undefined) throw serverFault(`member ${excerpt(name)} differs from ${twin} in case only`)
  }
}
