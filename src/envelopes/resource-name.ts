/** Names of signed resources: relative paths with `/`, and for shards `path:start:end`. */
import { excerpt, LIMITS, SealstoneError, utf8 } from '#core'

export interface ShardName {
  readonly path: string
  readonly start: number
  /** Not included. */
  readonly end: number
}

/** Refuses what could point outside the model or be written in two ways. `.` alone stands for a single-file model in old signatures. */
export function parseResourcePath(name: string): string {
  if (name === '.') return name
  const reason = pathFault(name)
  if (reason !== undefined) throw new SealstoneError('PATH_INVALID', `resource name ${excerpt(name)} ${reason}`)
  return name
}

export function isResourcePath(name: string): boolean {
  return pathFault(name) === undefined
}

/** The last two numbers are the range; a path may hold colons itself. */
export function parseShardName(name: string): ShardName {
  const match = /^(.+):(0|[1-9]\d{0,15}):(0|[1-9]\d{0,15})$/s.exec(name)
  if (match === null) throw new SealstoneError('FORMAT_INVALID', `shard name is ${excerpt(name)}, want path:start:end`)
  const [start, end] = [Number(match[2]), Number(match[3])]
  if (start > end || !Number.isSafeInteger(end)) throw new SealstoneError('FORMAT_INVALID', `shard ${excerpt(name)} ends before it starts`)
  return { path: parseResourcePath(match[1] as string), start, end }
}

function pathFault(name: string): string | undefined {
  if (!name.isWellFormed()) return 'is not well-formed Unicode'
  // At most three bytes for each UTF-16 code unit: only a long name is worth encoding.
  const length = name.length * 3 <= LIMITS.resourceNameBytes ? name.length : utf8(name).length
  if (length < 1 || length > LIMITS.resourceNameBytes) return `is ${length} bytes, want 1 to ${LIMITS.resourceNameBytes}`
  if (name.includes('\0')) return 'holds a NUL character'
  if (name.startsWith('/')) return 'is absolute, want a relative path'
  const segments = name.split('/')
  if (segments.includes('..')) return 'leads out of the model'
  if (segments.includes('') || segments.includes('.')) return 'has an empty or . segment'
  return undefined
}
