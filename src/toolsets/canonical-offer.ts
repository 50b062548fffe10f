/** One byte form and one digest of what an MCP server offers, whatever the order in which it lists it. */
import { createHash } from 'node:crypto'
import { canonicalJsonBytes, compareCodePoints, type JsonObject, LIMITS, SealstoneError } from '#core'
import { shownName } from './shown.ts'
import { checkOffer, entriesByName, LIST_NAMES, type Offer, OFFER_LISTS, type OfferList } from './offer.ts'

/**
 * RFC 8785, lists sorted by name or URI: MCP gives their order no meaning.
 * Throws OFFER_INVALID for a name that is offered twice, since a host may take either; INPUT_TOO_LARGE; JSON_INVALID for a lone surrogate.
 */
export function canonicalOffer(offer: Offer): Uint8Array {
  const bytes = canonicalJsonBytes(sortedOffer(offer))
  if (bytes.length > LIMITS.offerBytes)
    throw new SealstoneError('INPUT_TOO_LARGE', `the offer of the MCP server is ${bytes.length} bytes, want at most ${LIMITS.offerBytes}`)
  return bytes
}

/** Hex SHA-256 of `canonicalOffer`, whose errors it throws. */
export function offerDigest(offer: Offer): string {
  return createHash('sha256').update(canonicalOffer(offer)).digest('hex')
}

/** What a statement holds: the members that we know and no others. Throws as `canonicalOffer` does. */
export function sortedOffer(offer: Offer): JsonObject {
  checkOffer(offer)
  const { server, instructions } = offer
  const lists = Object.fromEntries(LIST_NAMES.map((list) => [list, sortedList(offer, list)]))
  return { server, ...lists, ...(instructions === undefined ? {} : { instructions }) }
}

function sortedList(offer: Offer, list: OfferList): readonly JsonObject[] {
  const entries = entriesByName(offer, list)
  for (const [name, { length }] of entries) {
    if (length > 1) throw new SealstoneError('OFFER_INVALID', `the ${OFFER_LISTS[list].what} ${shownName(name)} is offered ${length} times`)
  }
  return [...entries].toSorted(([left], [right]) => compareCodePoints(left, right)).flatMap(([, same]) => same)
}
