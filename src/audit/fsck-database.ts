/** The part of fsck that SQLite does itself, beside the others: in a thread, because it says nothing until it is done. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isErrorCode, SealstoneError } from '#core'
import { checkDatabase } from '#db'
import type { Findings } from './fsck-findings.ts'
import { AUDIT_MIGRATIONS } from './schema.ts'

export type DatabaseReply = { readonly faults: readonly string[] } | { readonly code: string; readonly message: string }

/** Ended early when disposed of. */
export class DatabaseCheck implements AsyncDisposable {
  readonly #worker: Worker
  readonly #faults = Promise.withResolvers<readonly string[]>()

  constructor(database: string) {
    this.#faults.promise.catch(() => {}) // told by `finish`
    this.#worker = new Worker(THREAD, { workerData: database, execArgv: ['--disable-warning=ExperimentalWarning'] })
    this.#worker.on('message', (reply: DatabaseReply) => {
      if ('faults' in reply) this.#faults.resolve(reply.faults)
      else this.#faults.reject(new SealstoneError(isErrorCode(reply.code) ? reply.code : 'INTERNAL', reply.message))
    })
    this.#worker.on('error', (cause) => this.#faults.reject(new SealstoneError('INTERNAL', 'a thread of fsck failed', { cause })))
    this.#worker.on('exit', () => this.#faults.reject(new SealstoneError('INTERNAL', 'a thread of fsck ended')))
  }

  /** Throws DATABASE_UNAVAILABLE. */
  async finish(findings: Findings): Promise<void> {
    tell(await this.#faults.promise, findings)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

/** Here and now: for a small database. */
export function checkDatabaseNow(database: string, findings: Findings): void {
  tell(checkDatabase(database, AUDIT_MIGRATIONS), findings)
}

function tell(faults: readonly string[], findings: Findings): void {
  for (const fault of faults) findings.add({ where: 'database', changed: 'index', detail: `the database itself is not sound: ${fault}` })
}

const THREAD = new URL(`./fsck-database-thread${extname(import.meta.url)}`, import.meta.url)
