/** keyhost: the supervised child process that holds the token login and makes whole signatures. This door loads no native code. */
export { hashedSerial } from './hashed-serial.ts'
export { defaultChildren, type KeyHost, type KeyHostOptions, type SignOptions, startKeyHost } from './key-host.ts'
export { type KeyMaterial, keyMaterialJson, parseKeyMaterial } from './key-material.ts'
export { type ProbeFacts, type ProbeResult, type ProbeRow } from './probe-steps.ts'
export { probeToken, type TokenProbe } from './probe-token.ts'
export {
  type AdoptRequest,
  type GenerateRequest,
  type ImportRequest,
  KEY_HOST_LIMITS,
  type PrimitiveTimes,
  type RecoverRequest,
  type KeyRole,
  type SignItem,
  type TokenInfo,
  type TokenObject,
  type WrappingKeyName,
} from './protocol.ts'
export { provisionSoftHsm } from './provision.ts'
export { formatTokenUri, type ObjectUri, parseObjectUri, parseTokenUri, type TokenLocation } from './token-uri.ts'
