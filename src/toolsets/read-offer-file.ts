/** An offer out of whatever holds one: a signed manifest, a pin, or the offer itself. Nothing is verified. */
import { readRequired, readUnverifiedStatement } from '#client/offline'
import { LIMITS, parseStrictObject } from '#core'
import { type Offer, readOffer } from './offer.ts'
import { readOfferStatement } from './offer-statement.ts'
import { parsePin } from './pins.ts'

/** Throws FILE_UNREADABLE, INPUT_TOO_LARGE, JSON_INVALID, FORMAT_INVALID, OFFER_INVALID. */
export async function readOfferFile(path: string): Promise<Offer> {
  return readOfferDocument(await readRequired(path, LIMITS.bundleBytes))
}

export function readOfferDocument(bytes: Uint8Array): Offer {
  const document = parseStrictObject(bytes, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth, maxValues: LIMITS.offerValues * 2 })
  if (document['mediaType'] !== undefined) return readOfferStatement(readUnverifiedStatement(bytes))
  return document['approvedAt'] === undefined ? readOffer(document) : parsePin(bytes).offer
}
