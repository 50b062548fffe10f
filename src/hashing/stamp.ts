/** A file's stamp: two looks at one file give the same stamp unless it was written to, replaced, renamed over or truncated in between. */
import { type BigIntStats, fstatSync, lstatSync, statSync } from 'node:fs'

/** Device, inode, size, and the nanosecond times of the last change of content and of the file's record. */
export type Stamp = string

export function stampOf(stats: BigIntStats): Stamp {
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
}

export function stampOfOpen(descriptor: number): Stamp {
  return stampOf(fstatSync(descriptor, { bigint: true }))
}

/** Undefined when nothing is there any more. */
export function stampOfPath(path: string, followLink: boolean): Stamp | undefined {
  const look = followLink ? statSync : lstatSync
  const stats = look(path, { bigint: true, throwIfNoEntry: false })
  return stats && stampOf(stats)
}
