/** client: what a registry imports. Hashing happens here, signing in the daemon; `#client/offline` verifies without one. */
export { connect } from './connect.ts'
export { connectHashing, type HashClient, type HashPathAnswer, type HashPathInput, type HashStreamAnswer, type HashStreamInput } from './hashing.ts'
export { LEAF_KINDS } from '#tlog'
export { askRegistry, registryLoginBody, registryUrl, type RegistryToken } from './registry-login.ts'
export { registryProof } from './registry-proof.ts'
export type { FollowOptions } from './follow.ts'
export type {
  BatchResult,
  CallOptions,
  CertifyRequest,
  Client,
  ConnectOptions,
  CreateKeyRequest,
  DecisionRequest,
  EntryFilter,
  KeyChangeRequest,
  KeyInfo,
  KeyManagement,
  KeyPolicyInfo,
  KeyPolicyRequest,
  KeyValidity,
  LogEntry,
  PublicKeyInfo,
  RegistryChallenge,
  RegistryChallengeRequest,
  RotateKeyRequest,
  SignAnswer,
  SignContent,
  SignRequest,
  Subject,
  VerifyRequest,
} from './types.ts'
