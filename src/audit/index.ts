/** audit: the tamper-evident log of the daemon: sequencer, storage, receipts, stored answers, recovery. */
export { type AuditLog, type AuditLogOptions, type Completion, type EntryPage, openAuditLog } from './audit-log.ts'
export { databaseTiles } from './database-tiles.ts'
export { ActivityCounter } from './activity.ts'
export { LogReader } from './log-reader.ts'
export { AUDIT_MIGRATIONS } from './schema.ts'
export type { AnswerRequest } from './batch.ts'
export type { CheckpointSigner } from './sequencer.ts'
export { verifyWholeLog, type WholeLogOptions } from './verify-whole-log.ts'
