/** Changes of a key version's state: durable, and only after everything that it was signing has its outcome in the log. */
import { defined, SealstoneError } from '#core'
import { describeVersion, type KeyRecord } from './key-record.ts'
import { applyTransition, checkTransition, type KeyAction } from './life-cycle.ts'
import type { KeyParts } from './make-keys.ts'
import type { KeyUses } from './uses.ts'

export interface ChangeParts extends KeyParts {
  readonly uses: KeyUses
}

export interface ChangeRequest {
  readonly action: Exclude<KeyAction, 'destroy'>
  readonly since?: Date
  readonly reason?: string
}

/** What a version is called in `KeyUses`. */
export function useId({ name, version }: Pick<KeyRecord, 'name' | 'version'>): string {
  return `${name}/${version}`
}

/** Throws KEY_STATE_REFUSED, or what the test of the key throws before it is enabled. */
export async function changeState(parts: ChangeParts, record: KeyRecord, { action, since, reason }: ChangeRequest): Promise<KeyRecord> {
  checkTransition(record, action)
  // What is in quarantine, or was out of use for long, has to show that it signs rightly.
  if (action === 'enable') await parts.keyHost.check(materials(record))
  using _closed = await parts.uses.close(useId(record))
  // Later than the last outcome in the log, whatever the clock did since: a signature counts as made before the change.
  const at = parts.timeline.next()
  const changed = applyTransition(currentVersion(parts, record), { action, at, ...defined({ since, reason }) })
  parts.table.update(changed)
  return changed
}

/** Throws KEY_STATE_REFUSED unless the version may be destroyed. */
export function scheduleDestruction(parts: ChangeParts, record: KeyRecord, destroyAt: Date, reason: string | undefined): KeyRecord {
  const now = atRest(parts, record)
  checkTransition(now, 'destroy')
  checkDeletionAllowed(parts, now)
  if (now.destroyAt !== undefined)
    throw new SealstoneError('KEY_STATE_REFUSED', `${describeVersion(now)} is destroyed at ${now.destroyAt.toISOString()} already`)
  const changed: KeyRecord = { ...now, destroyAt, ...defined({ reason }) }
  parts.table.update(changed)
  return changed
}

/** Throws KEY_STATE_REFUSED if nothing was scheduled, or if it is too late. */
export function cancelDestruction(parts: ChangeParts, record: KeyRecord): KeyRecord {
  const { destroyAt, ...changed } = atRest(parts, record)
  if (destroyAt === undefined || changed.state === 'destroyed')
    throw new SealstoneError('KEY_STATE_REFUSED', `no destruction of ${describeVersion(record)} is scheduled`)
  parts.table.update(changed)
  return changed
}

/**
 * Removes the objects from the token and the sealed seed from the record. A crash in between is repeated: objects that are gone are no error.
 * Throws KEY_STATE_REFUSED if it was called off, or the version enabled, before its objects were touched.
 */
export async function destroyVersion(parts: ChangeParts, record: KeyRecord): Promise<KeyRecord> {
  using _closed = await parts.uses.close(useId(record))
  const doomed = currentVersion(parts, record)
  checkTransition(doomed, 'destroy')
  checkDeletionAllowed(parts, doomed)
  if (doomed.destroyAt === undefined || doomed.destroyAt > parts.clock.now())
    throw new SealstoneError('KEY_STATE_REFUSED', `the destruction of ${describeVersion(doomed)} is not due`)
  // An adopted key was in the token before us and is not ours to remove.
  if (doomed.origin !== 'adopted') await parts.keyHost.destroyKeys(materials(doomed))
  const { reason } = doomed
  const destroyed = applyTransition(currentVersion(parts, record), { action: 'destroy', at: parts.timeline.next(), ...defined({ reason }) })
  const { hybrid, companion } = destroyed
  const bare: KeyRecord = { ...destroyed, hybrid: seedless(hybrid), ...(companion === undefined ? {} : { companion: seedless(companion) }) }
  parts.table.update(bare)
  // A crash before it leaves the sealed seed in the write-ahead log, and in the page of the file that it replaces, until later commits write over them.
  await parts.table.erase()
  return bare
}

/** The version signs nothing from now on, until it is enabled again. What it was just signing fails by itself. */
export function quarantineVersion(parts: ChangeParts, record: KeyRecord, reason: string): void {
  const now = currentVersion(parts, record)
  if (now.quarantine === undefined) parts.table.update({ ...now, quarantine: reason })
}

export function materials({ hybrid, companion }: KeyRecord): KeyRecord['hybrid'][] {
  return companion === undefined ? [hybrid] : [hybrid, companion]
}

function checkDeletionAllowed({ table }: ChangeParts, { name }: KeyRecord): void {
  if (table.policy(name).deletionAllowed) return
  throw new SealstoneError('KEY_STATE_REFUSED', `key ${name} does not allow that its versions are destroyed`, {
    hint: `allow it first: sealstone keys policy ${name} --deletion-allowed true`,
  })
}

/** Without what only the token could open. */
export function seedless({ sealedSeed: _seed, recovery: _recovery, ...key }: KeyRecord['hybrid']): KeyRecord['hybrid'] {
  return key
}

/** The version as it is now, unless another change of it is under way: its token objects may be going at this moment. */
function atRest(parts: ChangeParts, record: KeyRecord): KeyRecord {
  if (!parts.uses.isClosed(useId(record))) return currentVersion(parts, record)
  throw new SealstoneError('KEY_STATE_REFUSED', `the state of ${describeVersion(record)} is being changed`, { hint: 'look at it again in a moment' })
}

/** The version as it is now: while one waits, somebody else may have changed it. */
export function currentVersion({ table }: Pick<ChangeParts, 'table'>, { name, version }: KeyRecord): KeyRecord {
  const record = table.versions(name).find((candidate) => candidate.version === version)
  if (record === undefined) throw new SealstoneError('INTERNAL', `key ${name} version ${version} is gone`)
  return record
}
