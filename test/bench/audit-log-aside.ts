/** One piece of work on a log of the benchmarks, in a process of its own, whose memory and processor time are that work's alone. */
import { execFileSync } from 'node:child_process'

export type Work = 'fsck' | 'start' | 'archive' | 'receipts'

export interface Aside {
  readonly database: string
  /** Of the log's keys. */
  readonly seed: Uint8Array
  readonly cold?: string
  /** `archive`: leaves before it are moved. `receipts`: of leaves before it. Default: as many as can be. */
  readonly end?: number
  /** `receipts`: of leaves from it on. */
  readonly start?: number
}

/** What it took. `steps` are parts of it by name, in seconds; of `receipts` the p50 and p99 of one. */
export interface AsideFigures {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMiB: number
  readonly steps: Readonly<Record<string, number>>
}

export function aside(work: Work, { seed, ...where }: Aside): AsideFigures {
  const request = JSON.stringify({ ...where, work, seed: seed.toHex() })
  return JSON.parse(execFileSync(process.execPath, [...process.execArgv, CHILD, request], { encoding: 'utf8' })) as AsideFigures
}

const CHILD = new URL('./audit-log-child.ts', import.meta.url).pathname
