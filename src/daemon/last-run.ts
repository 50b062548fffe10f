/** What the log says of the daemon that ran before this one. */
import type { AuditLog } from '#audit'

export interface LastRun {
  /** Absent if it stopped by itself, or if there was none. */
  readonly crash?: { readonly startedAt: bigint; readonly lastEntry: bigint; readonly lastTime: string }
  /** With which configuration a daemon ran last. */
  readonly configDigest?: string
}

/** Ask before anything is written. */
export function readLastRun(audit: AuditLog): LastRun {
  const digest = lastConfigDigest(audit)
  return { ...(digest === undefined ? {} : { configDigest: digest }), ...findCrash(audit) }
}

function findCrash(audit: AuditLog): Pick<LastRun, 'crash'> {
  const [start] = audit.entries({ kind: 'daemon-start', reverse: true, limit: 1 })
  // A restored backup says that it is one: the daemon that it was taken from did not stop then, and did not crash either.
  if (start === undefined || start.leaf.operation !== 'serve') return {}
  const [stop] = audit.entries({ kind: 'daemon-stop', from: start.index, limit: 1 })
  const [last] = audit.entries({ reverse: true, limit: 1 })
  if (stop !== undefined || last === undefined) return {}
  return { crash: { startedAt: start.index, lastEntry: last.index, lastTime: last.leaf.time } }
}

function lastConfigDigest(audit: AuditLog): string | undefined {
  for (const { leaf } of audit.entries({ kind: 'daemon-start', reverse: true, limit: STARTS }))
    if (leaf.configDigest !== undefined) return leaf.configDigest
  return undefined
}

/** Starts of restored backups have no digest; there are never many in a row. */
const STARTS = 100
