/** A thread that checks the whole log once, slowly: whoever signs has most of the processor. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { checkWholeLog, type FsckReport } from '#audit'
import { defined, toSealstoneError } from '#core'
import { logSignatureVerifier } from '#suites'
import { nativeEngine } from '#suites/native'
import type { LogCheckNews, LogCheckSetup } from './log-check.ts'

const { database, cold, log } = workerData as LogCheckSetup
/** A fifth of the time is ours. */
const REST = 4
let since = performance.now()

async function rest(): Promise<void> {
  await sleep((performance.now() - since) * REST)
  since = performance.now()
}

try {
  const verifier = logSignatureVerifier(nativeEngine())
  const { size, findings, findingCount } = await checkWholeLog({ database, ...defined({ cold }), log: { ...log, verifier }, threads: 0, rest })
  const first = findings[0]?.detail
  // Cold storage that is away as a whole, such as a disk that is not mounted, is no change of the log; a bundle that is gone from it is one.
  if (first !== undefined && findings.every(isUnreadBundle) && !isThere(cold)) tell({ kind: 'failed', message: first })
  else tell({ kind: 'checked', entries: Number(size), faults: findingCount, ...defined({ first }) })
} catch (thrown) {
  tell({ kind: 'failed', message: toSealstoneError(thrown).message })
}

function isUnreadBundle({ where, changed }: FsckReport['findings'][number]): boolean {
  return changed === 'missing' && where.startsWith('tile/entries/')
}

/** What was moved there last is the checkpoint. */
function isThere(directory: string | undefined): boolean {
  return directory !== undefined && existsSync(join(directory, 'checkpoint'))
}

function tell(news: LogCheckNews): void {
  parentPort?.postMessage(news)
}
