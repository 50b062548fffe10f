/** client: what a registry imports. Hashing happens here, signing in the daemon; `#client/offline` verifies without one. */
export { connect } from './connect.ts'
export { connectHashing, type HashClient, type HashPathAnswer, type HashPathInput, type HashStreamAnswer, type HashStreamInput } from './hashing.ts'
export { LEAF_KINDS } from '#tlog'
export { askRegistry, registryLoginBody, registryUrl, type RegistryToken } from './registry-login.ts'
export { registryProof } from './registry-proof.ts'
export type { FollowOptions } from './follow.ts'
export type { Decision, EntryFilter, LogEntry } from '#tlog'
export type {
  CertifyRequest,
  CreateKeyRequest,
  KeyChangeRequest,
  KeyInfo,
  KeyManagement,
  KeyPolicyInfo,
  KeyPolicyRequest,
  KeyValidity,
  PublicKeyInfo,
  RestoredKeyInfo,
  RestoreKeysRequest,
  RotateKeyRequest,
} from './key-types.ts'
export type { CallOptions, ConnectOptions } from './options.ts'
export type {
  BatchResult,
  RegistryChallenge,
  RegistryChallengeRequest,
  SignAnswer,
  SignContent,
  SignRequest,
  Subject,
  VerifyRequest,
} from './signing-types.ts'
export type { Client } from './types.ts'
