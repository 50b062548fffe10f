/** Keys and audit entries: messages to domain types. */
import { type HalfProtection, type KeyProtection, SealstoneError } from '#core'
import { publicKeyPem } from '#suites'
import { parseLeaf } from '#tlog'
import {
  ENTRY_KINDS,
  fromEnum,
  fromTimestamp,
  HALF_LOCATIONS,
  HALF_ROLES,
  type Key,
  type KeyProtection as KeyProtectionMessage,
  type ListEntriesRequestInit,
  type ListEntriesResponse,
  type PublicKey,
  SEALINGS,
  toTimestamp,
} from '#wire'
import type { EntryFilter, KeyInfo, LogEntry, PublicKeyInfo } from './types.ts'

export function fromKey(key: Key): KeyInfo {
  const { name, version, state, createdAt, hybrid, companion, protection } = key
  if (hybrid === null || createdAt === null || protection === null)
    throw new SealstoneError('INTERNAL', `the daemon answered key ${name} without all its parts`)
  return {
    name,
    version,
    state,
    createdAt: fromTimestamp(createdAt),
    ...fromPublicKey(hybrid),
    ...(companion === null ? {} : { companion: fromPublicKey(companion) }),
    protection: fromProtection(protection),
  }
}

export function toEntriesRequest(filter: EntryFilter): ListEntriesRequestInit {
  const { from, limit, since, until, key, caller, kind, operationId, modelName, result, reverse } = filter
  return {
    ...(from === undefined ? {} : { fromIndex: String(from) }),
    ...(limit === undefined ? {} : { limit }),
    ...(since === undefined ? {} : { since: toTimestamp(readTime(since)) }),
    ...(until === undefined ? {} : { until: toTimestamp(readTime(until)) }),
    ...(key === undefined ? {} : { key }),
    ...(caller === undefined ? {} : { caller }),
    ...(kind === undefined ? {} : { kind: ENTRY_KINDS[kind] }),
    ...(operationId === undefined ? {} : { operationId }),
    ...(modelName === undefined ? {} : { modelName }),
    ...(result === undefined ? {} : { result }),
    ...(reverse === true ? { newestFirst: true } : {}),
  }
}

export function fromEntry({ index, leaf }: ListEntriesResponse): LogEntry {
  const bytes = Uint8Array.from(leaf)
  return { index: BigInt(index), leaf: parseLeaf(bytes), bytes }
}

function fromPublicKey({ suite, spki, fingerprint }: PublicKey): PublicKeyInfo {
  const der = Uint8Array.from(spki)
  return { suite, spki: der, pem: publicKeyPem({ spki: der }), fingerprint }
}

function fromProtection({ module, tokenModel, tokenSerial, halves }: KeyProtectionMessage): KeyProtection {
  return { module, tokenModel, tokenSerial, halves: halves.map(fromHalf) }
}

function fromHalf(half: KeyProtectionMessage['halves'][number]): HalfProtection {
  const role = fromEnum<HalfProtection['role']>(HALF_ROLES, half.role)
  const location = fromEnum<HalfProtection['location']>(HALF_LOCATIONS, half.location)
  if (role === undefined || location === undefined)
    throw new SealstoneError('INTERNAL', 'the daemon answered a half of a key that this client does not know')
  const sealing = fromEnum<NonNullable<HalfProtection['sealing']>>(SEALINGS, half.sealing)
  const { sensitive, extractable, alwaysSensitive, neverExtractable, local } = half
  const attributes = { sensitive, extractable, alwaysSensitive, neverExtractable, local }
  const told = Object.entries(attributes).filter(([, value]) => value !== undefined)
  return { role, location, ...(sealing === undefined ? {} : { sealing }), ...(Object.fromEntries(told) as Partial<HalfProtection>) }
}

function readTime(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new SealstoneError('INPUT_INVALID', `time is ${JSON.stringify(text)}, want RFC 3339 such as 2026-01-31T12:00:00Z`)
  return time
}
