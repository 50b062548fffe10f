/** certificates: public keys and certificates in the forms that others read and write. */
export { parseRoots, type SigningPurpose, validateChain } from './certificate-chain.ts'
export {
  certificateRequest,
  type EncodedDocument,
  type RequestOptions,
  type VerifiedRequest,
  verifyCertificateRequest,
} from './certificate-request.ts'
export { encodeJwk, type Jwk, type ParsedJwk, parseJwk } from './jwk.ts'
export { type CertificateFacts, readCertificate, selfSignedCertificate, type SelfSignedOptions, verifySelfSigned } from './self-signed.ts'
export type { SignCallback } from './signing.ts'
