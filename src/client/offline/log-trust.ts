/** Reads from a trust file which audit log to believe. */
import { SealstoneError } from '#core'
import { type TrustedLog, trustedLog, type TrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { type LoadTrustOptions, loadTrust } from './trust.ts'

export interface LogTrust {
  readonly trust: TrustFile
  readonly log: TrustedLog
}

/** Throws as `loadTrust` does. */
export async function loadLogTrust(path: string, options: LoadTrustOptions): Promise<LogTrust> {
  const loaded = await loadTrust({ kind: 'trust-file', path }, options)
  if (loaded.kind !== 'trust-file') throw new SealstoneError('INTERNAL', 'a trust file was read as something else')
  return { trust: loaded.trust, log: trustedLog(loaded.trust, nativeEngine()) }
}
