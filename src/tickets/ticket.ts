/** The hash ticket: version (1 byte) ‖ milliseconds since 1970 (8, big endian) ‖ HMAC-SHA-256 (RFC 2104) over all that it vouches for. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { canonicalJsonBytes, concatBytes, type Identity, SealstoneError, toHex, u64 } from '#core'

export interface HashedFile {
  readonly caller: Identity
  /** As the manifest names it: path relative to the model's root, without a shard's range. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly hashType: 'sha256' | 'blake2b' | 'blake3'
  /** Bytes; present when the file was cut: then one digest for each part, in order, else one. */
  readonly shardSize?: number
  readonly digests: readonly Uint8Array[]
}

export const TICKET_KEY_BYTES = 32
export const TICKET_VALID_MS = 3_600_000

export function newTicketKey(): Uint8Array {
  return new Uint8Array(randomBytes(TICKET_KEY_BYTES))
}

/** 41 bytes. */
export function issueTicket(key: Uint8Array, file: HashedFile, now: Date): Uint8Array {
  const head = concatBytes(Uint8Array.of(VERSION), u64(BigInt(now.getTime())))
  return concatBytes(head, mac(key, head, file))
}

/** Throws TICKET_INVALID (not made with one of the keys for this caller, name, size and digests) or TICKET_EXPIRED. */
export function checkTicket(keys: readonly Uint8Array[], file: HashedFile, ticket: Uint8Array, now: Date): void {
  const [version] = ticket
  if (ticket.length !== TICKET_BYTES || version !== VERSION)
    throw new SealstoneError('TICKET_INVALID', `the hash ticket for ${file.name} is not one: ${ticket.length} bytes, want ${TICKET_BYTES}`)
  const head = ticket.subarray(0, HEAD_BYTES)
  const isOurs = keys.map((key) => timingSafeEqual(mac(key, head, file), ticket.subarray(HEAD_BYTES)))
  if (!isOurs.includes(true))
    throw new SealstoneError('TICKET_INVALID', `the hash ticket for ${file.name} is for another caller, name, size or digest`)
  const age = now.getTime() - Number(new DataView(head.buffer, head.byteOffset).getBigUint64(1))
  // One from the future: the clock was set back since.
  if (age >= TICKET_VALID_MS || age < -TICKET_VALID_MS)
    throw new SealstoneError('TICKET_EXPIRED', `the hash ticket for ${file.name} was issued ${Math.round(age / 60_000)} minutes ago`)
}

function mac(key: Uint8Array, head: Uint8Array, { caller, name, size, hashType, shardSize, digests }: HashedFile): Buffer {
  const claims = canonicalJsonBytes({
    purpose: 'sealstone hash ticket v1',
    caller,
    name,
    size,
    hashType,
    ...(shardSize === undefined ? {} : { shardSize }),
    digests: digests.map(toHex),
  })
  return createHmac('sha256', key).update(head).update(claims).digest()
}

const VERSION = 1
const HEAD_BYTES = 9
const TICKET_BYTES = HEAD_BYTES + 32
