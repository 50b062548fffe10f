/** operations: one file per thing the daemon can be asked to do; the order of steps and nothing else. */
export type { OperationContext } from './context.ts'
export { createOperations } from './create-operations.ts'
export type {
  CallContext,
  EntryFilter,
  KeyView,
  LogEntry,
  Operations,
  SignAnswer,
  SignContent,
  SignRequest,
  Subject,
  VerifyRequest,
} from './ports.ts'
export { composeTrust } from './trust.ts'
