/** certificates: public keys and certificates in the forms that others read, and private keys that are brought in from outside. */
export { encodeJwk, type Jwk, type ParsedJwk, parseJwk } from './jwk.ts'
