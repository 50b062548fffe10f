/** Processor time and memory of a process and its children, out of /proc (proc(5)). Elsewhere than on Linux nothing is known. */
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** Seconds, user and system. */
  readonly cpuSeconds: number
  /** Resident memory at its highest so far, MiB. */
  readonly peakMiB: number
}

export function usageOf(pid: number): Usage | undefined {
  const pids = [pid, ...childrenOf(pid)]
  const all = pids.map(usageOfOne).filter((usage) => usage !== undefined)
  if (all.length === 0) return undefined
  return { cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0), peakMiB: all.reduce((sum, { peakMiB }) => sum + peakMiB, 0) }
}

/** Of the process alone. */
export function usageOfOne(pid: number): Usage | undefined {
  const stat = read(`/proc/${pid}/stat`)
  const peak = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`) ?? '')
  if (stat === undefined || peak === null) return undefined
  // After the name in brackets, which may hold anything: utime and stime are fields 14 and 15 of the line.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS, peakMiB: Number(peak[1]) / 1024 }
}

function childrenOf(pid: number): number[] {
  const threads = list(`/proc/${pid}/task`)
  return threads.flatMap((thread) => (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number))
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // it has ended, or there is no /proc
  }
}

/** USER_HZ, 100 on every Linux that Node runs on. */
const TICKS = 100
