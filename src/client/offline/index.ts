/** client/offline: verification of models on disk, and of other signed statements. Loads no gRPC, and of the engines only the native one. */
export { type Check, CHECK_NAMES, type FileDifference, replaceReceipt, type TrustPolicy, type Verdict } from '#envelopes'
export { type DigestCache, hashModel, type HashModelOptions, type HashType, type Manifest, rootDigest } from '#hashing'
export { type Leaf, LEAF_KINDS, parseLeaf, standaloneProof } from '#tlog'
export { type CheckpointFacts, checkpointFacts, judgeCheckpoint, judgeReceipt } from './checkpoint-facts.ts'
export { inspectSignature, type SignatureContent } from './inspect-signature.ts'
export { loadLogTrust, type LogTrust } from './log-trust.ts'
export { readDocument, readRequired } from './read-document.ts'
export { readKeptNote } from './kept-checkpoint.ts'
export { type LogEvidence, readLogEvidence } from './log-evidence.ts'
export { type KeyJudgement, loadReviewTrust, readReviewTrust, type ReviewTrust } from './review-trust.ts'
export { readSignedFiles, type SignedFiles } from './signed-files.ts'
export { publicKeyJwk } from './public-key-jwk.ts'
export { signedReceipt } from './signed-receipt.ts'
export { refuseOtherModel } from './refuse-other-model.ts'
export { type SignaturePaths, signaturePaths } from './signature-paths.ts'
export { nextStep } from './next-step.ts'
export { loadTrust, type TrustSource } from './trust.ts'
export { type LoggedEntry, type LoggedVerdict, verifyLogged } from './verify-logged.ts'
export { verifyGiven, type VerifyGivenOptions } from './verify-given.ts'
export {
  readUnverifiedStatement,
  type StatementVerdict,
  verifyStatement,
  verifyStatementFile,
  type VerifyStatementOptions,
} from './verify-statement.ts'
export { openSignedModel, type SignedModel, verifyModelFiles, type VerifyModelFilesOptions } from './verify-model-files.ts'
