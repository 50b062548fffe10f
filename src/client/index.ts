/** client: what a registry imports. Hashing happens here, signing in the daemon; `#client/offline` verifies without one. */
export { connect } from './connect.ts'
export { connectHashing, type HashClient, type HashPathAnswer, type HashPathInput, type HashStreamAnswer, type HashStreamInput } from './hashing.ts'
export { LEAF_KINDS } from '#tlog'
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
  RotateKeyRequest,
  SignAnswer,
  SignContent,
  SignRequest,
  Subject,
  VerifyRequest,
} from './types.ts'
