/** Closes what a crash left open: every intent without an outcome gets one that says `unknown`, and a leaf says that this was done. */
import { newOperationId, parseIdentity, SealstoneError } from '#core'
import { type NewLeaf, parseLeaf } from '#tlog'
import type { LogStore } from './store.ts'

export interface RecoveryPort {
  append(leaf: NewLeaf): Promise<unknown>
  complete(leaf: NewLeaf): Promise<unknown>
}

/**
 * @param why what is said of each of them
 * @param end intents from here on belong to this run and are left alone.
 * A crash in between leaves the rest open; the next start goes on with it. Nothing is closed twice: an outcome takes its intent off the list.
 */
export async function closeOpenIntents(store: LogStore, end: bigint, log: RecoveryPort, why: string = STOPPED): Promise<number> {
  const open = store.readOpenIntents(end)
  if (open.length === 0) return 0
  for (let at = 0; at < open.length; at += CHUNK) {
    await Promise.all(open.slice(at, at + CHUNK).map((index) => log.append(unknownOutcome(store, index, why))))
  }
  // The covering checkpoint comes with this leaf.
  await log.complete({
    kind: 'recovery',
    operationId: newOperationId(),
    caller: parseIdentity('local'),
    operation: 'recover',
    result: 'ok',
    reason: `closed ${open.length} ${open.length === 1 ? 'intent' : 'intents'} that had no outcome`,
  })
  return open.length
}

function unknownOutcome(store: LogStore, index: bigint, reason: string): NewLeaf {
  const bytes = store.readLeaf(index)
  if (bytes === undefined) throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} is missing`)
  const { version: _version, time: _time, run: _run, uptimeMs: _uptimeMs, policyRule: _rule, policyDigest: _policy, ...intent } = parseLeaf(bytes)
  return { ...intent, kind: 'outcome', result: 'unknown', reason }
}

const STOPPED = 'the daemon stopped between intent and outcome; no signature was released'
const CHUNK = 256
