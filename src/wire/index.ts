/** wire: the proto files loaded, the types of their messages, and errors as gRPC carries them. `X` is a message as received, `XInit` one to send. */
export {
  CHECK_STATUSES,
  DIFFERENCE_KINDS,
  ENTRY_KINDS,
  fromEnum,
  HALF_LOCATIONS,
  HALF_ROLES,
  HASH_TYPES,
  METHODS,
  REQUIREMENTS,
  SEALINGS,
} from './enum-names.ts'
export { type ErrorDescription, errorTranslator, type ErrorStatus, type ErrorTranslator, type ReceivedStatus } from './error-status.ts'
export { loadDescriptors } from './descriptors.ts'
export { type ClientConstructor, loadProtos, type Protos } from './protos.ts'
export { decodeStrictly } from './strict-message.ts'
export { fromTimestamp, toTimestamp } from './timestamp.ts'
export type { Timestamp, TimestampInit } from './generated/google/protobuf/Timestamp.ts'
export type { AuditServiceClient, AuditServiceDefinition } from './generated/sealstone/v1/AuditService.ts'
export type { GetCheckpointResponse } from './generated/sealstone/v1/GetCheckpointResponse.ts'
export type { GetKeyResponse } from './generated/sealstone/v1/GetKeyResponse.ts'
export type { GetReceiptResponse } from './generated/sealstone/v1/GetReceiptResponse.ts'
export type { GetTrustResponse } from './generated/sealstone/v1/GetTrustResponse.ts'
export type { HalfProtection, HalfProtectionInit } from './generated/sealstone/v1/HalfProtection.ts'
export type { Key, KeyInit } from './generated/sealstone/v1/Key.ts'
export type { KeyProtection, KeyProtectionInit } from './generated/sealstone/v1/KeyProtection.ts'
export type { KeyServiceClient, KeyServiceDefinition } from './generated/sealstone/v1/KeyService.ts'
export type { ListEntriesRequest, ListEntriesRequestInit } from './generated/sealstone/v1/ListEntriesRequest.ts'
export type { ListEntriesResponse } from './generated/sealstone/v1/ListEntriesResponse.ts'
export type { ListKeysResponse } from './generated/sealstone/v1/ListKeysResponse.ts'
export type { Manifest, ManifestInit } from './generated/sealstone/v1/Manifest.ts'
export type { PublicKey, PublicKeyInit } from './generated/sealstone/v1/PublicKey.ts'
export type { Receipt, ReceiptInit } from './generated/sealstone/v1/Receipt.ts'
export type { SigningServiceClient, SigningServiceDefinition } from './generated/sealstone/v1/SigningService.ts'
export type { SignRequest, SignRequestInit } from './generated/sealstone/v1/SignRequest.ts'
export type { SignResponse, SignResponseInit } from './generated/sealstone/v1/SignResponse.ts'
export type { Statement } from './generated/sealstone/v1/Statement.ts'
export type { Verdict, VerdictInit } from './generated/sealstone/v1/Verdict.ts'
export type { VerifyRequest, VerifyRequestInit } from './generated/sealstone/v1/VerifyRequest.ts'
export type { VerifyResponse } from './generated/sealstone/v1/VerifyResponse.ts'
export type { AdoptKeyRequest, AdoptKeyRequestInit } from './generated/sealstone/v1/AdoptKeyRequest.ts'
export type { CancelDestroyKeyRequest, CancelDestroyKeyRequestInit } from './generated/sealstone/v1/CancelDestroyKeyRequest.ts'
export type { CompromiseKeyRequest, CompromiseKeyRequestInit } from './generated/sealstone/v1/CompromiseKeyRequest.ts'
export type { CreateKeyRequest, CreateKeyRequestInit } from './generated/sealstone/v1/CreateKeyRequest.ts'
export type { DestroyKeyRequest, DestroyKeyRequestInit } from './generated/sealstone/v1/DestroyKeyRequest.ts'
export type { ImportKeyRequest, ImportKeyRequestInit } from './generated/sealstone/v1/ImportKeyRequest.ts'
export type { RotateKeyRequest, RotateKeyRequestInit } from './generated/sealstone/v1/RotateKeyRequest.ts'
export type { SetKeyPolicyRequest, SetKeyPolicyRequestInit } from './generated/sealstone/v1/SetKeyPolicyRequest.ts'
export type { KeyPolicy, KeyPolicyInit } from './generated/sealstone/v1/KeyPolicy.ts'
export type { KeyTimes, KeyTimesInit } from './generated/sealstone/v1/KeyTimes.ts'
export type { SignBatchRequest, SignBatchRequestInit } from './generated/sealstone/v1/SignBatchRequest.ts'
export type { SignBatchResponse, SignBatchResponseInit } from './generated/sealstone/v1/SignBatchResponse.ts'
export type { SignResult, SignResultInit } from './generated/sealstone/v1/SignResult.ts'
export type { CertifyKeyRequest, CertifyKeyRequestInit } from './generated/sealstone/v1/CertifyKeyRequest.ts'
export type { CertifyKeyResponse } from './generated/sealstone/v1/CertifyKeyResponse.ts'
export type { BackupKeysResponse } from './generated/sealstone/v1/BackupKeysResponse.ts'
export type { RewrapKeysResponse } from './generated/sealstone/v1/RewrapKeysResponse.ts'
