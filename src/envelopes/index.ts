/** envelopes: DSSE, in-toto statements, OMS bundles, `model.hybrid.sig`, the trust file and the offline verdict. */
export type { FileDifference } from './compare-files.ts'
export { pae, STATEMENT_PAYLOAD_TYPE } from './dsse.ts'
export { type HashingPlan, hashingPlan } from './hashing-plan.ts'
export {
  replaceReceipt,
  HYBRID_MEDIA_TYPE,
  type HybridBundle,
  type HybridBundleParts,
  parseHybridBundle,
  writeHybridBundle,
} from './hybrid-bundle.ts'
export { judgeInclusion } from './judge-inclusion.ts'
export { earliestTimestamp } from './check-timestamp.ts'
export { judgeKeyState } from './key-state.ts'
export { PROTECTION_LEVELS, protectionFault, type RequiredProtection } from './key-protection.ts'
export { type OmsBundle, type OmsBundleParts, parseBundle, type VerificationMaterial, writeOmsBundle } from './oms-bundle.ts'
export { parseTrustFile, trustSignedBytes, type TrustSignatures, writeTrustFile } from './trust/signed-trust.ts'
export { type ModelStatement, type OtherStatement, parseStatement, type SignedResource, type Statement } from './statement-reader.ts'
export { MODEL_PREDICATE_TYPE } from './predicate-types.ts'
export { buildModelStatement, buildStatement, type StatementSubject } from './statement-writer.ts'
export type { TrustedKey, TrustedPolicy, TrustedPublicKey, TrustFile } from './trust/trust-file.ts'
export { type TrustedLog, trustedLog } from './trusted-log.ts'
export { type Check, CHECK_NAMES, type CheckName, type Signer, type StatementSummary, type Verdict } from './verdict.ts'
export { verifyModel } from './verify-model.ts'
export type { Requirement, TrustPolicy, VerifyModelRequest } from './verify-request.ts'
