/** A thread that shows the log to everybody, on a connection of its own that cannot write: no signature ever waits for a reader. */
import { parentPort, workerData } from 'node:worker_threads'
import { AUDIT_MIGRATIONS, databaseTiles } from '#audit'
import { toSealstoneError } from '#core'
import { openDatabaseForReading } from '#db'
import { openHttpListener } from '#listeners'
import { keepPublished, logHandler } from '#publish'
import type { PublisherNews, PublisherSetup } from './log-publisher.ts'

const { database, cold, http, directory } = workerData as PublisherSetup
const stop = new AbortController()
parentPort?.once('message', () => stop.abort())

async function publish(): Promise<void> {
  const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
  const source = databaseTiles(db, cold)
  const answers = new Map<number, number>()
  const count = (status: number): void => void answers.set(status, (answers.get(status) ?? 0) + 1)
  const onFailure = (work: 'reading' | 'writing') => (error: unknown) => tell({ kind: 'failed', work, ...failure(error) })
  const handler = logHandler(source, { onAnswer: count, onFailure: onFailure('reading') })
  const listener = http && (await openHttpListener({ ...http, ...LIMITS_FOR_READERS }, handler))
  const counting = setInterval(() => {
    if (answers.size > 0) tell({ kind: 'answered', answers: [...answers] })
    answers.clear()
  }, TELL_MS)
  tell({ kind: 'ready', address: listener?.origin })
  try {
    if (directory === undefined) await stopped()
    else await keepPublished({ source, directory, signal: stop.signal, onPublished, onFailure: onFailure('writing') })
  } finally {
    clearInterval(counting)
    await listener?.close()
    db.close()
  }
}

function onPublished({ size, filesWritten }: { readonly size: bigint; readonly filesWritten: number }): void {
  tell({ kind: 'published', entries: Number(size), files: filesWritten })
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    if (stop.signal.aborted) resolve()
    else stop.signal.addEventListener('abort', () => resolve())
  })
}

function failure(thrown: unknown): { readonly code: string; readonly message: string; readonly hint: string } {
  const { code, message, hint } = toSealstoneError(thrown, 'INTERNAL', String(thrown))
  return { code, message, hint }
}

function tell(news: PublisherNews): void {
  parentPort?.postMessage(news)
}

/** What is served is signed: whoever changes it on the way is found out, so plain HTTP will do. */
const LIMITS_FOR_READERS = { setting: 'audit.listen', allowPlain: true, connections: 256, idleMs: 30_000 }
const TELL_MS = 1000

try {
  await publish()
} catch (thrown) {
  tell({ kind: 'ended', ...failure(thrown) })
}
parentPort?.close()
