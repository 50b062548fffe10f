/** keys: what keys there are, made in the token and recorded in the database, and signing with them. */
export {
  type KeyRecord,
  type KeyState,
  type KeyStore,
  type KeyStoreOptions,
  type LogKeys,
  openKeyStore,
  recordProtection,
  type RecordSignatures,
} from './key-store.ts'
export { KEY_MIGRATIONS } from './key-table.ts'
