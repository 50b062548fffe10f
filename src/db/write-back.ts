/**
 * Keeps commits short. Pages that were committed lie in the write-ahead log until they are moved into the database file, 32 MB at a time: a tenth of
 * a second in which the thread of the commit does nothing else. Another thread moves them as they come; a commit still does where that one cannot
 * keep up, or has failed. When power fails in between nothing is lost: the log counts until all of it is in the file.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from '#core'
import type { Database } from './database.ts'
import { countPages, MANY_PAGES } from './wal-pages.ts'

/** The thread takes 10 MB, so it is started when there is something to move for the first time. Dispose of it before the database is closed. */
export function startWriteBack(database: Database, logger: Logger): AsyncDisposable {
  let worker: Worker | undefined
  const look = setInterval(() => {
    if (!hasMuch(database)) return
    clearInterval(look)
    worker = startThread(database.path, logger)
  }, FIRST_LOOK_MS).unref()
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(look)
      await worker?.terminate()
    },
  }
}

function hasMuch(database: Database): boolean {
  try {
    return countPages(database) >= MANY_PAGES
  } catch {
    return false // a broken database is told of by who commits to it
  }
}

function startThread(path: string, logger: Logger): Worker {
  // Flags of this process, such as --input-type, are not for a thread that runs a file.
  const worker = new Worker(THREAD, { workerData: { path }, execArgv: ['--disable-warning=ExperimentalWarning'] })
  worker.unref()
  let failing = false
  worker.on('message', ({ failure }: { readonly failure: string | undefined }) => {
    if (failure !== undefined && !failing) logger.warn({ error: failure }, 'committed pages could not be moved into the database file; commits do it')
    failing = failure !== undefined
  })
  worker.on('error', (error: Error) => logger.warn({ error: error.message }, 'the thread that spares commits work ended; commits take longer'))
  return worker
}

const FIRST_LOOK_MS = 500
const THREAD = new URL(`./write-back-thread${extname(import.meta.url)}`, import.meta.url)
