/** Checks the whole log of a state directory, beside the daemon or without it: the database is only read. */
import { checkWholeLog, type FsckReport } from '#audit'
import { defined } from '#core'
import { logSignatureVerifier } from '#suites'
import { nativeEngine } from '#suites/native'
import type { LogVerifierKey, TileSource } from '#tlog'

import { loadConfig } from './config.ts'
import { checkHome } from './home.ts'

export interface FsckHomeOptions {
  readonly home: string
  /** From a trust file: the state directory cannot vouch for itself. */
  readonly log: { readonly origin: string; readonly keys: readonly LogVerifierKey[] }
  readonly published?: TileSource
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** Throws HOME_*, CONFIG_INVALID, and what `checkWholeLog` throws. */
export function fsckHome({ home, log, ...options }: FsckHomeOptions): Promise<FsckReport> {
  const { database } = checkHome(home)
  const { cold } = loadConfig(home).audit
  return checkWholeLog({ database, ...defined({ cold }), log: { ...log, verifier: logSignatureVerifier(nativeEngine()) }, ...options })
}
