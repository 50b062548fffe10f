/** operations: one file per thing the daemon can be asked to do; the order of steps and nothing else. */
export type { OperationContext } from './context.ts'
export { Capacity } from './capacity.ts'
export { EventBudget } from './event-budget.ts'
export { ReturnDelay } from './return-delay.ts'
export { createOperations } from './create-operations.ts'
export type {
  AdoptKeyRequest,
  ArchivePort,
  ArchiveReport,
  ArchiveRun,
  ArchiveStep,
  BackupReport,
  BatchResult,
  CallContext,
  CertifyKeyRequest,
  ChangeKeyRequest,
  CreateKeyRequest,
  Decision,
  DestroyKeyRequest,
  EntryFilter,
  Following,
  ImportKeyRequest,
  KeyView,
  LogEntry,
  Operations,
  RegistryAnswer,
  RegistryRequest,
  RestoredKey,
  RestoreKeysRequest,
  RotateKeyRequest,
  SignAnswer,
  SignContent,
  SignRequest,
  Subject,
  VerifyRequest,
  VersionName,
  WantedEntries,
} from './ports.ts'
export { TrustIssuer } from './trust.ts'
export { DECIDED_OPERATIONS } from '#tlog'
