/** A disk that fails as it is told to, under a process that is started with `env`. See disk-module/disk-module.c. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface DiskFault {
  readonly step: 'write' | 'sync' | 'rename'
  /** How the file's path ends. */
  readonly file: string
  /** An error that the call answers, or the end of the process before or after the call was done. */
  readonly action: keyof typeof ERRORS | 'kill-before' | 'kill-after'
  /** Which call from now on is the first to fail. Default 1, the next one. */
  readonly call?: number
  /** How many calls fail. Default 1. */
  readonly times?: number | 'always'
}

export interface DiskModule {
  /** For the environment of the process. */
  readonly env: Readonly<Record<string, string>>
  /** In place of what failed before. */
  inject(...faults: readonly DiskFault[]): void
  /** Nothing fails any more. */
  clear(): void
  /** Whether anything that was injected has come true. */
  wasMet(): boolean
}

/** @param folder where the control file lies; the process must be able to read it */
export function diskModule(folder: string): DiskModule {
  if (!existsSync(MODULE)) throw new Error(`${MODULE} is missing: run .ci/setup test`)
  const control = join(folder, 'disk-faults')
  return {
    env: { LD_PRELOAD: MODULE, DISK_MODULE_CONTROL: control },
    inject: (...faults) => {
      const lines = faults.map(({ step, file, action, call = 1, times = 1 }) => {
        const what = Object.hasOwn(ERRORS, action) ? ERRORS[action as keyof typeof ERRORS] : action
        return `${step} ${file} ${call} ${times === 'always' ? 0 : times} ${what}\n`
      })
      // Replaced in one step: the module must never read half a file.
      writeFileSync(`${control}.new`, lines.join(''))
      renameSync(`${control}.new`, control)
    },
    clear: () => rmSync(control, { force: true }),
    wasMet: () => existsSync(`${control}.hit`),
  }
}

const MODULE = join(import.meta.dirname, '../../.cache/disk-module/disk-module.so')
/** errno(3), on Linux. */
const ERRORS = { EIO: 5, ENOSPC: 28, EROFS: 30 } as const
