/** Moves every sealed seed to a new wrapping key of the token, while signing goes on: each old form opens until nothing names it. */
import { SealstoneError } from '#core'
import type { KeyMaterial, WrappingKeyName } from '#keyhost'
import { materials } from './change-keys.ts'
import type { KeyParts } from './make-keys.ts'

export interface RewrapParts extends KeyParts {
  /** Resolves when every key that is being made now is recorded. */
  readonly made: () => Promise<void>
}

export interface RewrapResult {
  /** What seals from now on. */
  readonly wrappingKey: WrappingKeyName
  /** How many seeds were sealed anew. */
  readonly seeds: number
  /** CKA_IDs of the wrapping keys that were destroyed. */
  readonly destroyed: readonly string[]
}

/**
 * Throws TOKEN_* or SEALED_SEED_INVALID. Whatever stops it leaves each seed sealed by one wrapping key or the other, both of them in the token;
 * the next run carries on with the newer one.
 */
export async function rewrapKeys(parts: RewrapParts, { destroyOld }: { readonly destroyOld: boolean }): Promise<RewrapResult> {
  const { keyHost } = parts
  const wrappingKey = await keyHost.beginReseal(wrappingKeysOf(sealed(parts)))
  // A seed that was sealed just before is recorded now; what is sealed from here on is sealed by the new key.
  await parts.made()
  let seeds = 0
  for (;;) {
    const old = sealed(parts).filter(({ sealedSeed }) => sealedSeed?.wrappingKey !== wrappingKey.ckaId)
    if (old.length === 0) break
    const chunk = old.slice(0, CHUNK)
    const fresh = await keyHost.reseal(chunk)
    const stray = fresh.find(({ sealedSeed }) => sealedSeed?.wrappingKey !== wrappingKey.ckaId)
    if (stray !== undefined)
      throw new SealstoneError('TOKEN_KEY_MISMATCH', `another wrapping key than ${wrappingKey.ckaId} seals now: is somebody else changing it?`)
    // A crash before this line leaves seals that nothing names; after it, what is left is moved by the next run.
    seeds += replace(parts, new Map(chunk.map((key, index) => [key, fresh[index] ?? key])))
  }
  const destroyed = destroyOld ? await keyHost.endReseal(wrappingKeysOf(sealed(parts))) : []
  return { wrappingKey, seeds, destroyed }
}

/** Every key with a sealed seed; those of the log last, so that what fails fails before them. */
function sealed({ table }: RewrapParts): KeyMaterial[] {
  const signing = table.all().filter(({ state }) => state !== 'destroyed')
  const log = table.logKeys()
  return [...signing.flatMap(materials), ...(log === undefined ? [] : [log.ed25519, log.mlDsa44])].filter(
    ({ sealedSeed }) => sealedSeed !== undefined,
  )
}

function wrappingKeysOf(keys: readonly KeyMaterial[]): string[] {
  return [...new Set(keys.map(({ sealedSeed }) => sealedSeed?.wrappingKey).filter((ckaId) => ckaId !== undefined))]
}

/** Only what is still as it was read: while the token worked, a version may have been destroyed. How many were replaced; durable on return. */
function replace(parts: RewrapParts, changes: ReadonlyMap<KeyMaterial, KeyMaterial>): number {
  const { table } = parts
  const present = sealed(parts).filter((key) => changes.has(key)).length
  const moved = (key: KeyMaterial): KeyMaterial => changes.get(key) ?? key
  const changed = table.all().filter((record) => materials(record).some((key) => changes.has(key)))
  table.update(
    ...changed.map(({ hybrid, companion, ...record }) => ({
      ...record,
      hybrid: moved(hybrid),
      ...(companion === undefined ? {} : { companion: moved(companion) }),
    })),
  )
  const log = table.logKeys()
  if (log !== undefined && (changes.has(log.ed25519) || changes.has(log.mlDsa44)))
    table.updateLogKeys({ ed25519: moved(log.ed25519), mlDsa44: moved(log.mlDsa44) })
  return present
}

/** Seeds in one command: few enough that signatures do not wait long for the child that also signs. */
const CHUNK = 8
