/** toolsets: what an MCP server offers, as one thing that is signed, pinned and compared. */
export { canonicalOffer, offerDigest } from './canonical-offer.ts'
export { diffOffers, type OfferDifference } from './diff-offers.ts'
export { findLookAlikes, type LookAlike } from './look-alikes.ts'
export type { Offer } from './offer.ts'
export { OFFER_PREDICATE_TYPE, offerStatement, readOfferStatement, type SignedStatement } from './offer-statement.ts'
export { type OfferVerdict, verifyOffer, type VerifyOfferOptions } from './verify-offer.ts'
