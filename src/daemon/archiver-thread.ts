/**
 * A thread that moves old entries into cold storage while the daemon signs, on a connection of its own: a bundle a commit, with a pause after each that is as
 * long as the commit was, so that whoever signs waits for one of them at most.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { AUDIT_MIGRATIONS, describeMove } from '#audit'
import { toSealstoneError } from '#core'
import { openDatabase } from '#db'
import { moveEntries, planMove } from './archive-work.ts'
import type { ArchiverNews, ArchiverRequest, ArchiverSetup } from './archiver-protocol.ts'

const PAGES_AT_ONCE = 64
const MOST_PAUSE_MS = 100

const { database, directory, log, wanted } = workerData as ArchiverSetup
const stop = new AbortController()
const started = Promise.withResolvers<void>()
parentPort?.on('message', (request: ArchiverRequest) => {
  if (request === 'stop') stop.abort()
  started.resolve()
})

try {
  await run()
} catch (thrown) {
  const { code, message, hint } = toSealstoneError(thrown)
  tell({ kind: 'failed', code, message, hint: hint ?? '' })
}
parentPort?.close()

async function run(): Promise<void> {
  const db = openDatabase(database, AUDIT_MIGRATIONS)
  try {
    const source = { db, directory, log }
    const plan = await planMove(source, wanted, stop.signal)
    tell({ kind: 'plan', start: plan.start, end: plan.end, size: plan.signed.size, reason: describeMove(plan, directory) })
    await started.promise
    stop.signal.throwIfAborted()
    const bytesBefore = db.bytes()
    const pause = pausing()
    const moved = await moveEntries(source, plan, {
      onProgress: (progress) => tell({ kind: 'progress', ...progress }),
      signal: stop.signal,
      bundlesAtOnce: 1,
      rest: pause,
    })
    while (!stop.signal.aborted && db.giveBack(PAGES_AT_ONCE) > 0) await pause()
    tell({ kind: 'moved', moved, bytesBefore, bytesAfter: db.bytes() })
  } finally {
    db.close()
  }
}

/** Half of the time is others': what the last step took is waited. */
function pausing(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    await sleep(Math.min(performance.now() - since, MOST_PAUSE_MS))
    since = performance.now()
  }
}

function tell(news: ArchiverNews): void {
  parentPort?.postMessage(news)
}
