/** Signing with what is recorded: whole records in as few round trips to the key host as there can be, and with the keys of the log. */
import { defined, SealstoneError } from '#core'
import type { KeyHost, SignItem, SignOptions as SigningOptions } from '#keyhost'
import { materials } from './change-keys.ts'
import { describeVersion, type KeyRecord, type LogKeys, type RecordSignatures } from './key-record.ts'
import type { KeyTable } from './key-table.ts'

export type { SigningOptions }

export interface KeySigning {
  /** By both log keys: Ed25519, then ML-DSA-44. For documents that say by their first bytes that they are no checkpoint. */
  signWithLogKeys(message: Uint8Array): Promise<readonly [ed25519: Uint8Array, mlDsa44: Uint8Array]>
  /** Both signatures in one round trip to the key host. Throws TOKEN_*, OVERLOADED, DEADLINE_EXCEEDED or CANCELLED. */
  sign(record: KeyRecord, message: Uint8Array, options?: SigningOptions): Promise<RecordSignatures>
  /** By the key itself or its companion alone, for documents that are no statements. Throws KEY_UNUSABLE where there is no companion. */
  signWith(record: KeyRecord, which: 'hybrid' | 'companion', message: Uint8Array): Promise<Uint8Array>
  /** Many in few round trips, each with its own answer; those in one round trip fail together. */
  signMany(
    requests: readonly { readonly record: KeyRecord; readonly message: Uint8Array }[],
    options?: SigningOptions,
  ): readonly Promise<RecordSignatures>[]
}

export function keySigning(table: KeyTable, keyHost: KeyHost): KeySigning {
  return {
    signWithLogKeys: async (message) => {
      const { ed25519, mlDsa44 } = logKeys(table)
      const [first, second] = await keyHost.sign([
        { key: ed25519, message },
        { key: mlDsa44, message },
      ])
      if (first === undefined || second === undefined) throw new SealstoneError('INTERNAL', 'the key host answered fewer signatures than asked')
      return [first, second]
    },
    sign: async (record, message, options) => {
      const [signatures] = await signTogether(keyHost, [{ record: fresh(table, record), message }], options)
      if (signatures === undefined) throw new SealstoneError('INTERNAL', 'the key host answered no signature')
      return signatures
    },
    signWith: async (record, which, message) => {
      const key = fresh(table, record)[which]
      if (key === undefined) throw new SealstoneError('KEY_UNUSABLE', `${describeVersion(record)} has no companion`)
      const [signature] = await keyHost.sign([{ key, message }])
      if (signature === undefined) throw new SealstoneError('INTERNAL', 'the key host answered no signature')
      return signature
    },
    signMany: (requests, options) => {
      const chunks = Array.from({ length: Math.ceil(requests.length / CHUNK) }, (_, at) => requests.slice(at * CHUNK, (at + 1) * CHUNK))
      return chunks.flatMap((chunk) => {
        const fresher = chunk.map(({ record, message }) => ({ record: fresh(table, record), message }))
        const all = signTogether(keyHost, fresher, options)
        return chunk.map(async (_, at) => (await all)[at] as RecordSignatures)
      })
    },
  }
}

/** The version as it is now: its seed may have been sealed anew since the caller got it. */
export function fresh(table: KeyTable, record: KeyRecord): KeyRecord {
  return table.versions(record.name).find(({ version }) => version === record.version) ?? record
}

interface SigningRequest {
  readonly record: KeyRecord
  readonly message: Uint8Array
}

/** One command to the key host; each record takes one item of it or two. */
async function signTogether(keyHost: KeyHost, requests: readonly SigningRequest[], options?: SigningOptions): Promise<RecordSignatures[]> {
  const items: SignItem[] = requests.flatMap(({ record, message }) => materials(record).map((key) => ({ key, message })))
  const signatures = await keyHost.sign(items, options)
  if (signatures.length !== items.length) throw new SealstoneError('INTERNAL', 'the key host answered another number of signatures')
  let at = 0
  return requests.map(({ record }) => {
    const [hybrid, companion] = signatures.slice(at, (at += materials(record).length))
    if (hybrid === undefined) throw new SealstoneError('INTERNAL', 'the key host answered too few signatures')
    return { hybrid, ...defined({ companion }) }
  })
}

/** Throws KEY_UNKNOWN. */
export function logKeys(table: KeyTable): LogKeys {
  const keys = table.logKeys()
  if (keys === undefined) throw new SealstoneError('KEY_UNKNOWN', 'the audit log has no keys', { hint: 'restore the database from its backup' })
  return keys
}

/** Small enough that the children of a key host share a batch, large enough that a round trip is little of it. */
const CHUNK = 8
