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

/** The later one of both times, in milliseconds since 1970. */
export function newestTimeMs(stamp: Stamp): number {
  const [, , , mtime = '0', ctime = '0'] = stamp.split(':')
  return Math.max(Number(mtime), Number(ctime)) / 1e6
}

/** What differs between two looks, for people: `size 5 → 7, mtime 2026-11-24T10:00:00.000000001Z → …`. */
export function describeChange(before: Stamp, after: Stamp | undefined): string {
  if (after === undefined) return 'it is gone'
  const [was, is] = [before.split(':'), after.split(':')]
  const changes = STAMP_PARTS.flatMap((name, at) => {
    const [old, now] = [was[at] ?? '', is[at] ?? '']
    if (old === now) return []
    return name.endsWith('time') ? [`${name} ${timeOf(old)} → ${timeOf(now)}`] : [`${name} ${old} → ${now}`]
  })
  return changes.join(', ')
}

/** RFC 3339 with nanoseconds. */
function timeOf(nanoseconds: string): string {
  const value = BigInt(nanoseconds)
  const seconds = new Date(Number(value / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${String(value % 1_000_000_000n).padStart(9, '0')}Z`
}

const STAMP_PARTS = ['device', 'inode', 'size', 'mtime', 'ctime'] as const
