/** The wall clock of a process, set from outside while it runs (libfaketime). Its monotonic clock goes on as it did. */
import { globSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface FakeClock {
  /** Start the process with this. */
  readonly env: Readonly<Record<string, string>>
  /** Seconds that its wall clock is off from now on. */
  set(seconds: number): void
}

export function fakeClock(folder: string): FakeClock {
  const [library] = globSync(['/usr/lib/*/faketime/libfaketimeMT.so.1', '/usr/lib64/faketime/libfaketimeMT.so.1'])
  if (library === undefined) throw new Error('libfaketime is missing: run .ci/setup test')
  const offset = join(folder, 'clock')
  const set = (seconds: number): void => {
    writeFileSync(`${offset}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    renameSync(`${offset}.new`, offset)
  }
  set(0)
  return { env: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: offset, ...SETTINGS }, set }
}

const SETTINGS = { FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1', FAKETIME_DONT_RESET: '1' }
