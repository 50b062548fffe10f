/** Takes from a running process what the kernel gives: memory, descriptors (prlimit). What it has, it keeps. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Writable memory (RLIMIT_DATA) as it is now and little more: the next larger allocation is refused. Not RLIMIT_AS, of which V8 has reserved
 * more at its start than it ever uses.
 */
export function limitMemory(pid: number, moreMiB = 0): void {
  const dataKiB = Number(/VmData:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  // The soft limit alone: a hard one could not be raised again by a later call.
  limit(pid, `--data=${Math.floor((dataKiB + moreMiB * 1024) * 1024)}:`)
}

export function noMoreFiles(pid: number): void {
  limit(pid, '--nofile=3:3')
}

function limit(pid: number, what: string): void {
  execFileSync('prlimit', [what, '--pid', String(pid)], { stdio: 'pipe' })
}
