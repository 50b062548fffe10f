/** A thread that checks the whole log once, slowly: whoever signs has most of the processor. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { checkWholeLog } from '#audit'
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
  const report = await checkWholeLog({ database, ...defined({ cold }), log: { ...log, verifier }, threads: 0, rest })
  const { size, findings, findingCount, unread } = report
  const first = findings[0]?.detail
  // Cold storage that is away as a whole, such as a disk that is not mounted, is no change of the log; a bundle that is gone from it is one.
  if (findingCount === 0 && unread !== undefined) tell({ kind: 'failed', message: unread.detail })
  else tell({ kind: 'checked', entries: Number(size), faults: findingCount, ...defined({ first }) })
} catch (thrown) {
  tell({ kind: 'failed', message: toSealstoneError(thrown).message })
}

function tell(news: LogCheckNews): void {
  parentPort?.postMessage(news)
}
