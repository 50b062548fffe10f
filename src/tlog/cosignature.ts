/** What a cosigner signs, with which type of key, and how the signature stands in a note (c2sp.org/tlog-cosignature, types 0x04 and 0x06). */
import { concatBytes, SealstoneError, u64, utf8 } from '#core'
import type { Checkpoint } from './checkpoint.ts'
import { KEY_TYPES, type WitnessKeyType } from './verifier-key.ts'

export interface CosignedCheckpoint extends Checkpoint {
  /** Name of the signing key; for the log itself its origin. */
  readonly name: string
  /** POSIX time of the signature. */
  readonly timestampSeconds: bigint
}

/** Of an ML-DSA-44 key: the `cosigned_message` structure for a whole tree; signed with pure ML-DSA-44 and an empty context. */
export function cosignedMessage({ name, timestampSeconds, origin, size, root }: CosignedCheckpoint): Uint8Array {
  return concatBytes(LABEL, shortText(name), u64(timestampSeconds), shortText(origin), u64(0n), u64(size), root)
}

/** Of an Ed25519 key (`cosignature/v1`), from the text of the checkpoint. It does not commit to the cosigner's name. */
export function cosignatureV1Message(text: string, timestampSeconds: bigint): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timestampSeconds}\n${text}`)
}

/** The `timestamped_signature` structure: what follows the key ID in the note's signature line. */
export function encodeTimestampedSignature(timestampSeconds: bigint, signature: Uint8Array): Uint8Array {
  return concatBytes(u64(timestampSeconds), signature)
}

/** Undefined if the length is not the type's or the time over 2^63 - 1. */
export function decodeTimestampedSignature(
  type: WitnessKeyType,
  bytes: Uint8Array,
): { readonly timestampSeconds: bigint; readonly signature: Uint8Array } | undefined {
  if (bytes.length !== KEY_TYPES[type].signatureBytes) return undefined
  const timestampSeconds = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)
  return timestampSeconds >= 1n << 63n ? undefined : { timestampSeconds, signature: bytes.slice(8) }
}

function shortText(text: string): Uint8Array {
  const bytes = utf8(text)
  if (bytes.length < 1 || bytes.length > 255) throw new SealstoneError('INPUT_INVALID', `key name is ${bytes.length} bytes, want 1 to 255`)
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

const LABEL = utf8('subtree/v1\n\0')
