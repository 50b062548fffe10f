/** What a bug report needs to know of the machine: versions, limits, clock, the configuration's digest. Nothing secret. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism, release } from 'node:os'
import { join } from 'node:path'
import { SealstoneError } from '#core'

export interface SystemFacts {
  readonly sealstone: string
  readonly node: string
  readonly openssl: string
  /** `linux 6.8.0 x64`. */
  readonly kernel: string
  /** `glibc 2.39`; absent where Node does not tell. */
  readonly libc?: string
  /** That this process may use. */
  readonly cores: number
  /** Soft limits of this process, as in /proc/self/limits; the key host's limit for core dumps is 1 byte whatever this says. */
  readonly limits?: { readonly openFiles: string; readonly lockedMemory: string; readonly coreFile: string }
  /** UTC. */
  readonly time: string
  /** SHA-256 of config.toml, hex: whether two reports are about the same one. */
  readonly configuration?: string
}

export function systemFacts(configPath: string): SystemFacts {
  const limits = readLimits()
  Object.assign(process.report, { excludeNetwork: true }) // no look-up of names for a version
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return {
    sealstone: readVersion(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    kernel: `${process.platform} ${release()} ${process.arch}`,
    ...(header?.glibcVersionRuntime === undefined ? {} : { libc: `glibc ${header.glibcVersionRuntime}` }),
    cores: availableParallelism(),
    ...(limits === undefined ? {} : { limits }),
    time: new Date().toISOString(),
    ...(existsSync(configPath) ? { configuration: createHash('sha256').update(readFileSync(configPath)).digest('hex') } : {}),
  }
}

/** Throws where fewer files may be open than a busy daemon has. */
export function checkLimits(facts: SystemFacts): string {
  if (facts.limits === undefined) return 'not told by this system'
  const { openFiles, lockedMemory, coreFile } = facts.limits
  const detail = `${openFiles} open files, ${lockedMemory} locked memory, core file ${coreFile}`
  if (Number(openFiles) < LEAST_FILES)
    throw new SealstoneError('INTERNAL', `${detail}; want at least ${LEAST_FILES} open files`, {
      hint: `raise the limit: LimitNOFILE=${LEAST_FILES} in the unit, or ulimit -n ${LEAST_FILES}`,
    })
  return detail
}

/** Receipts carry the time. Throws where the clock is behind what was written before. */
export function checkClock(database: string): string {
  const now = Date.now()
  const written = existsSync(database) ? statSync(database).mtimeMs : 0
  if (now < FIRST_RELEASE || now + TOLERANCE_MS < written) {
    const want = new Date(Math.max(written, FIRST_RELEASE)).toISOString()
    throw new SealstoneError('INTERNAL', `the clock says ${new Date(now).toISOString()}, which is before ${want}`, {
      hint: 'set the clock (timedatectl, chronyc tracking) before anything is signed: receipts carry the time',
    })
  }
  return `${new Date(now).toISOString()}, not before the last write to the state directory`
}

/** proc_pid_limits(5): name, soft limit, hard limit, unit. */
function readLimits(): SystemFacts['limits'] {
  if (!existsSync('/proc/self/limits')) return undefined
  const text = readFileSync('/proc/self/limits', 'utf8')
  const soft = (name: string): string => new RegExp(`^${name} +(\\S+)`, 'm').exec(text)?.[1] ?? 'unknown'
  return { openFiles: soft('Max open files'), lockedMemory: soft('Max locked memory'), coreFile: soft('Max core file size') }
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version?: string }
  return version ?? 'unknown'
}

const LEAST_FILES = 1024
const TOLERANCE_MS = 5000
const FIRST_RELEASE = Date.parse('2026-01-01T00:00:00Z')
