/** The names of statements and predicates that Sealstone knows. */

/** in-toto Attestation Framework v1. */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
/** OpenSSF Model Signing v1.0. */
export const MODEL_PREDICATE_TYPE = 'https://model_signing/signature/v1.0'
/** model_signing 0.2; only ever read. */
export const DRAFT_PREDICATE_TYPE = 'https://model_signing/Digests/v0.1'
