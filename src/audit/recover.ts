/** Closes what a crash left open: every intent without an outcome gets one that says `unknown`, and a leaf says that this was done. */
import { newOperationId, parseIdentity, SealstoneError, toHex } from '#core'
import { type NewLeaf, parseLeaf } from '#tlog'
import type { LogStore, OpenIntent } from './store.ts'

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
  let closed = 0
  for (let page = store.readOpenIntents(end); page.length > 0; page = store.readOpenIntents(end, page.at(-1)?.operationId)) {
    const open = page.toSorted((left, right) => Number(left.index - right.index))
    for (let at = 0; at < open.length; at += CHUNK) {
      await Promise.all(open.slice(at, at + CHUNK).map((intent) => log.append(unknownOutcome(store, intent, why))))
    }
    closed += page.length
  }
  if (closed === 0) return 0
  // The covering checkpoint comes with this leaf.
  await log.complete({
    kind: 'recovery',
    operationId: newOperationId(),
    caller: parseIdentity('local'),
    operation: 'recover',
    result: 'ok',
    reason: `closed ${closed} ${closed === 1 ? 'intent' : 'intents'} that had no outcome`,
  })
  return closed
}

/** The list is no part of the tree: nothing is closed because it alone says so. */
function unknownOutcome(store: LogStore, { index, operationId }: OpenIntent, reason: string): NewLeaf {
  const bytes = store.readLeaf(index)
  if (bytes === undefined) throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} is missing`)
  const { version: _version, time: _time, run: _run, uptimeMs: _uptimeMs, policyRule: _rule, policyDigest: _policy, ...intent } = parseLeaf(bytes)
  if (intent.kind !== 'intent' || intent.operationId !== toHex(operationId))
    throw new SealstoneError('AUDIT_CORRUPT', `the list of open intents names leaf ${index}, which is not the intent of ${toHex(operationId)}`)
  return { ...intent, kind: 'outcome', result: 'unknown', reason }
}

const STOPPED = 'the daemon stopped between intent and outcome; no signature was released'
const CHUNK = 256
