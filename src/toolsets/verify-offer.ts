/** The approved offer out of a signed manifest: believed only with a good verdict. */
import { type StatementVerdict, type Verdict, verifyStatement, verifyStatementFile, type VerifyStatementOptions } from '#client/offline'
import { offerDigest } from './canonical-offer.ts'
import type { Offer } from './offer.ts'
import { OFFER_PREDICATE_TYPE, readOfferStatement } from './offer-statement.ts'

export type VerifyOfferOptions = Omit<VerifyStatementOptions, 'predicateType'>

export interface OfferVerdict {
  readonly verdict: Verdict
  /** There if and only if the verdict is good. */
  readonly approved?: { readonly offer: Offer; readonly digest: string }
}

/**
 * @param manifest path of a file as `sealstone mcp sign` writes it, or what was read from it
 * Throws SIGNATURE_MISSING, what reading the file and `loadTrust` throw, and what `readOfferStatement` throws for a good signature over nonsense.
 */
export async function verifyOffer(manifest: string | Uint8Array, options: VerifyOfferOptions): Promise<OfferVerdict> {
  const wanted = { ...options, predicateType: OFFER_PREDICATE_TYPE }
  const judged = await (typeof manifest === 'string' ? verifyStatementFile(manifest, wanted) : verifyStatement(manifest, wanted))
  return withOffer(judged)
}

function withOffer({ verdict, statement }: StatementVerdict): OfferVerdict {
  if (statement === undefined) return { verdict }
  const offer = readOfferStatement(statement)
  return { verdict, approved: { offer, digest: offerDigest(offer) } }
}
