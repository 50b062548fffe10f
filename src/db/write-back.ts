/**
 * Keeps commits short. Pages that were committed lie in the write-ahead log until they are moved into the database file, 32 MB at a time: a tenth of
 * a second in which the thread of the commit does nothing else. Another thread moves them as they come; a commit still does where that one cannot
 * keep up, or has failed. When power fails in between nothing is lost: the log counts until all of it is in the file.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from '#core'

/** Dispose of it before the database is closed. */
export function startWriteBack(path: string, logger: Logger): AsyncDisposable {
  // Flags of this process, such as --input-type, are not for a thread that runs a file.
  const worker = new Worker(THREAD, { workerData: { path }, execArgv: ['--disable-warning=ExperimentalWarning'] })
  worker.unref()
  let failing = false
  worker.on('message', ({ failure }: { readonly failure: string | undefined }) => {
    if (failure !== undefined && !failing) logger.warn({ error: failure }, 'committed pages could not be moved into the database file; commits do it')
    failing = failure !== undefined
  })
  worker.on('error', (error: Error) => logger.warn({ error: error.message }, 'the thread that spares commits work ended; commits take longer'))
  return {
    [Symbol.asyncDispose]: async () => {
      await worker.terminate()
    },
  }
}

const THREAD = new URL(`./write-back-thread${extname(import.meta.url)}`, import.meta.url)
