/** keys: what keys there are, made in the token and recorded in the database, what life each version has, and signing with them. */
export { KEY_MIGRATIONS } from './key-migrations.ts'
export {
  DEFAULT_KEY_POLICY,
  describeVersion,
  type KeyPolicy,
  type KeyRecord,
  type LogKeys,
  recordProtection,
  type RecordSignatures,
} from './key-record.ts'
export {
  type KeyStore,
  type KeyStoreOptions,
  openKeyStore,
  readLogKeys,
  type RecoveryHost,
  type RecoveryReport,
  type Restoring,
  type RewrapResult,
  type SigningOptions,
} from './key-store.ts'
export { restoreFault, unrecoverable } from './restore-keys.ts'
export { applyTransition, type KeyAction, legalActions, quarantineHint } from './life-cycle.ts'
