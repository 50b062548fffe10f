/** What an offer consists of, one line each, for people and programs that look at it. */
import { createHash } from 'node:crypto'
import { canonicalJsonBytes, cutText, isJsonObject, type JsonObject } from '#core'
import { checkOffer, entriesByName, LIST_NAMES, type Offer, OFFER_LISTS } from './offer.ts'
import { findLookAlikes } from './look-alikes.ts'

export interface OfferEntry {
  readonly what: 'tool' | 'prompt' | 'resource' | 'resource-template'
  /** As it came: not to be shown without `visible`. */
  readonly name: string
  /** Hex SHA-256 of its canonical form. */
  readonly digest: string
  /** The beginning of it, as it came. */
  readonly description?: string
}

/** In the order of the server. Throws OFFER_INVALID for an entry without a name, INPUT_TOO_LARGE, JSON_INVALID. */
export function listEntries(offer: Offer): readonly OfferEntry[] {
  checkOffer(offer)
  return LIST_NAMES.flatMap((list) =>
    [...entriesByName(offer, list)].flatMap(([name, entries]) => entries.map((entry) => describeEntry(OFFER_LISTS[list].what, name, entry))),
  )
}

/** What a person should know before approving: names that cannot be told apart, in words. */
export function namesInDoubt(offer: Offer): readonly string[] {
  return LIST_NAMES.flatMap((list) => findLookAlikes(OFFER_LISTS[list].what, entriesByName(offer, list).keys()).map(({ reason }) => reason))
}

function describeEntry(what: OfferEntry['what'], name: string, entry: JsonObject): OfferEntry {
  const digest = createHash('sha256').update(canonicalJsonBytes(entry)).digest('hex')
  const description = isJsonObject(entry) ? entry['description'] : undefined
  return { what, name, digest, ...(typeof description === 'string' ? { description: cutText(description, 2000) } : {}) }
}
