/** client/offline: verification of models on disk. Loads no gRPC, and of the engines only the native one. */
export { type Check, type FileDifference, type TrustPolicy, type Verdict } from '#envelopes'
export { type DigestCache, hashModel, type HashModelOptions, type HashType, type Manifest, rootDigest } from '#hashing'
export { readSignedFiles, type SignedFiles } from './signed-files.ts'
export { publicKeyJwk } from './public-key-jwk.ts'
export { refuseOtherModel } from './refuse-other-model.ts'
export { type SignaturePaths, signaturePaths } from './signature-paths.ts'
export { loadTrust, type TrustSource } from './trust.ts'
export { verifyModelFiles, type VerifyModelFilesOptions } from './verify-model-files.ts'
