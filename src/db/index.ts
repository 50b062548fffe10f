/** db: the SQLite file of the state directory, its transactions and migrations, and the lock that keeps a second daemon out. */
export { checkDatabase } from './check-database.ts'
export { type Database, openDatabase, openDatabaseForReading, type Row, type SqlValue, type Statement } from './database.ts'
export { acquireLock, type Lock } from './lock.ts'
export type { Migration } from './migrate.ts'
export { shrinkDatabase } from './shrink.ts'
export { startWriteBack } from './write-back.ts'
