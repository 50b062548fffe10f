/** token: the only room that loads pkcs11js. Imported by the key host's child process alone: importing it loads native code. */
export { type Borrowed, borrowed, secretBuffer } from './borrowed.ts'
export { faultClass, returnValue } from './cryptoki-errors.ts'
export type { TokenInfo, TokenName } from './cryptoki-module.ts'
export { secretArea } from './fixed-memory.ts'
export { findKeyPair, type KeyPairName } from './find-key-pair.ts'
export {
  destroyKeyPair,
  generateKeyPair,
  readKeyPairProtection,
  readPublicKey,
  removeKeyPair,
  signInToken,
  supportsKeyPair,
  type TokenKeyPair,
} from './key-pair.ts'
export { putKeyPair } from './put-key-pair.ts'
export { initialiseToken, type ProvisionOptions } from './provision.ts'
export { type FaultClass, RETURN_VALUES, type ReturnValue } from './return-values.ts'
export { destroyOldSealingKeys, renewSealingKey, seal, type SealedBlob, sealingKey, tokenRandom, unseal } from './sealing.ts'
export { openToken, type Token, type TokenOptions } from './token.ts'
export { openTrial, type TokenFacts, type TokenOnTrial } from './trial.ts'
export {
  claimsAesGcm,
  claimsKeyPair,
  claimsRsaOaep,
  type KeyOnTrial,
  listObjects,
  tryRandom,
  withAesKey,
  withKeyPair,
  withRsaKey,
} from './trial-keys.ts'
