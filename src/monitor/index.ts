/** monitor: a published log judged from outside, by its signed checkpoints and tiles alone. Loads neither native code nor gRPC. */
export { requireExtension } from './compare-checkpoints.ts'
export { consistencyText, proveConsistency, type ProvenTree, proveEntry, type TreeEnd } from './prove.ts'
export { type KnownLog, openSigned, readCheckpoint, type SignedCheckpoint, signedAt } from './signed-checkpoint.ts'
