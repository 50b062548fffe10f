/** suites: the table of signature suites, composite rules, key encodings, sign and verify. Pure: engines come through `#suites/native` and `#suites/portable`. */
export {
  COMPOSITE_PREFIX,
  compositeMessage,
  joinPublicKey,
  joinSignature,
  splitPublicKey,
  splitSignature,
} from './composite.ts'
export { checkDer } from './der.ts'
export type { Engine, MlDsaPrivateKey, MlDsaSigner } from './engine.ts'
export { logSignatureVerifier } from './log-verifier.ts'
export { type HashName, type MlDsaSet, mlDsaPrimitive, PRIMITIVES, type Primitive } from './primitives.ts'
export { encodeSeedPkcs8, identifyPrivateKey, parseMlDsaPrivateKey } from './private-key.ts'
export { encodePublicKey, fingerprint, parsePublicKey, parsePublicKeyPem, pemHint, type PublicKey, publicKeyPem } from './public-key.ts'
export { fromRegistrySignature, registryAlgorithm, registryProof, type RegistrySignature, toRegistrySignature } from './registry-login.ts'
export { selfTest } from './self-test.ts'
export { type RawSigner, sign } from './sign.ts'
export { DEFAULT_SUITE, findSuite, SUITE_IDS, type Suite, suiteByOid, type SuiteId } from './table.ts'
export { verify } from './verify.ts'
