/** A real log with software keys, read as a review reads one; a test may let the reader lie. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditLog } from '#audit'
import type { Clock } from '#core'
import type { KeyHistory, LogIdentity, LogReader } from '#review'
import { openLog } from '../audit/support.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'

export interface ReviewedLog extends AsyncDisposable {
  readonly audit: AuditLog
  readonly reader: LogReader
  readonly trust: LogIdentity & KeyHistory
  /** Milliseconds since 1970, of the next leaves. */
  time: number
}

const START = Date.parse('2026-03-02T09:00:00.000Z')

export async function reviewedLog(): Promise<ReviewedLog> {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-review-'))
  const log = softwareLog('log.example/models')
  const state = { time: START }
  const clock: Clock = { now: () => new Date(state.time), monotonicMs: () => state.time - START }
  const { audit, ...open } = await openLog(folder, log, { clock })
  return {
    audit,
    reader: {
      listEntries: async function* (filter) {
        yield* audit.entries(filter)
      },
      getReceipt: (index) => audit.receipt(index),
    },
    trust: { origin: log.origin, keys: log.keys, verifier: nobleVerifier, witnesses: [], quorum: 0, judgeKey: async () => undefined },
    get time() {
      return state.time
    },
    set time(time) {
      state.time = time
    },
    async [Symbol.asyncDispose]() {
      await open[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}
