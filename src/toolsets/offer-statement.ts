/** The in-toto statement over what an MCP server offers: the whole of it, so that a difference can be named by whoever has the statement alone. */
import type { SignContent } from '#client'
import { type JsonValue, readObject, SealstoneError } from '#core'
import { offerDigest, sortedOffer } from './canonical-offer.ts'
import { type Offer, readOffer } from './offer.ts'

/** Its predicate is `{"offer": …}`, its one subject the server's name with the SHA-256 of the offer's canonical form. */
export const OFFER_PREDICATE_TYPE = 'https://sealstone/mcp-offer/v1'

/** What the daemon is asked to sign. Throws as `canonicalOffer` does. */
export function offerStatement(offer: Offer): Extract<SignContent, { kind: 'statement' }> {
  return {
    kind: 'statement',
    predicateType: OFFER_PREDICATE_TYPE,
    predicate: { offer: sortedOffer(offer) },
    subjects: [{ name: nameOf(offer), sha256: offerDigest(offer) }],
  }
}

/** The offer in a statement that was verified. Throws FORMAT_INVALID where it is none, or where its subject is another offer. */
export function readOfferStatement({ predicateType, predicate, subjects }: SignedStatement): Offer {
  if (predicateType !== OFFER_PREDICATE_TYPE)
    throw new SealstoneError('FORMAT_INVALID', `predicateType is ${JSON.stringify(predicateType.slice(0, 200))}, want ${OFFER_PREDICATE_TYPE}`)
  const offer = readOffer(readObject(predicate, 'predicate', ['offer'])['offer'])
  const [subject, ...others] = subjects
  if (subject?.name !== nameOf(offer) || subject.sha256 !== offerDigest(offer) || others.length > 0)
    throw new SealstoneError('FORMAT_INVALID', 'the subject of the statement is not the offer that it holds')
  return offer
}

/** As `parseStatement` reads any in-toto statement. */
export interface SignedStatement {
  readonly predicateType: string
  readonly predicate: JsonValue
  readonly subjects: readonly { readonly name: string; readonly sha256: string }[]
}

function nameOf({ server }: Offer): string {
  return server['name'] as string // checkOffer saw it
}
