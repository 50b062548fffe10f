/** timestamps: RFC 3161 timestamps over checkpoints: asked for, verified, and found again below a checkpoint. */
export { type Authority } from './ask-authority.ts'
export { type ImprintDigest, IMPRINTS } from './timestamp-request.ts'
export { readAuthorityRoots } from './authority-roots.ts'
export { type Stamping, startStamping } from './stamping.ts'
export { findTimestamps } from './timestamp-line.ts'
export { verifyTimestamp } from './verify-timestamp.ts'
