/** A thread that reads the log for the console, on a connection of its own that cannot write: signing never waits for a reader. */
import { parentPort, workerData } from 'node:worker_threads'
import { ActivityCounter, AUDIT_MIGRATIONS, LogReader } from '#audit'
import { toSealstoneError, unreachable } from '#core'
import { openDatabaseForReading } from '#db'
import type { ReaderAnswers, ReaderReply, ReaderRequest, ReaderSetup } from './log-reader-protocol.ts'

const { database, cold } = workerData as ReaderSetup
const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
const reader = new LogReader(db, cold)
const counter = new ActivityCounter(db, cold)
let counting: NodeJS.Immediate | undefined

parentPort?.on('message', ({ id, request }: { id: number; request: ReaderRequest }) => {
  answer(request).then(
    (value) => reply({ id, value }),
    (thrown: unknown) => {
      const { code, message } = toSealstoneError(thrown)
      reply({ id, code, message })
    },
  )
})

async function answer(request: ReaderRequest): Promise<ReaderAnswers[ReaderRequest['kind']]> {
  switch (request.kind) {
    case 'tile':
      return reader.tiles.tile(request.name)
    case 'search':
      return reader.search(request.query, SEARCH_MS)
    case 'activity':
      countOn()
      return counter.read(request.span)
    default:
      return unreachable(request)
  }
}

/** Between two steps whoever asks is answered. */
function countOn(): void {
  if (counter.step(COUNT_MS)) counting ??= setImmediate(countLater)
}

function countLater(): void {
  counting = undefined
  countOn()
}

function reply(message: ReaderReply): void {
  parentPort?.postMessage(message)
}

const SEARCH_MS = 200
const COUNT_MS = 20
