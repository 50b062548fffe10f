/** The thread of `write-back.ts`: moves committed pages from the write-ahead log into the database file, on a connection of its own. */
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { SYNC_PRAGMAS } from './pragmas.ts'
import { countPages, MANY_PAGES } from './wal-pages.ts'

const LOOK_MS = 100

const { path } = workerData as { readonly path: string }
// mode=rw: a database that was moved away meanwhile is missing, and not made anew, empty and for everybody to read.
const file = pathToFileURL(path)
file.search = 'mode=rw'
const driver = new DatabaseSync(file, { allowExtension: false, defensive: true })
driver.exec(`${SYNC_PRAGMAS} PRAGMA wal_autocheckpoint = 0;`)
// PASSIVE waits for nobody, and nobody has to wait for it.
const writeBack = driver.prepare('PRAGMA wal_checkpoint(PASSIVE)')

setInterval(() => {
  try {
    if (countPages(driver) < MANY_PAGES) return
    writeBack.get()
    parentPort?.postMessage({ failure: undefined })
  } catch (error) {
    parentPort?.postMessage({ failure: error instanceof Error ? error.message : String(error) })
  }
}, LOOK_MS)
