/** Checkpoints (c2sp.org/tlog-checkpoint): what a log says of its tree, and the two signatures that must both stand below it. */
import { equalBytes, excerpt, fromBase64, SealstoneError, toBase64, toHex, utf8 } from '#core'
import { cosignedMessage, decodeTimestampedSignature } from './cosignature.ts'
import { HASH_BYTES } from './merkle.ts'
import { checkKeyName, type NoteSignature, parseNote, type SignedNote } from './note.ts'
import type { LogKeyType, LogVerifierKey } from './verifier-key.ts'

export interface Checkpoint {
  /** The log's name, unique to it. */
  readonly origin: string
  /** Leaves in the tree. */
  readonly size: bigint
  /** RFC 9162 root hash, 32 bytes. */
  readonly root: Uint8Array
}

/** Verifies one raw signature; false, never an exception, for hostile bytes. ML-DSA is pure with an empty context. */
export interface LogSignatureVerifier {
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  verifyMlDsa44(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

export interface OpenedCheckpoint extends Checkpoint {
  /** POSIX time that the ML-DSA-44 signature commits to. */
  readonly timestampSeconds: bigint
}

/** The text that is signed: three lines. */
export function encodeCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${checkKeyName(origin)}\n${size}\n${toBase64(root)}\n`
}

/**
 * Strict. Extension lines are refused: an ML-DSA-44 signature does not cover them (c2sp.org/tlog-cosignature), so half of the
 * log's signature would say nothing of them.
 */
export function decodeCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...rest] = text.split('\n')
  if (origin === undefined || size === undefined || root === undefined || rest.length !== 1 || rest[0] !== '') {
    throw invalid(`checkpoint has ${text.split('\n').length - 1} lines, want 3: origin, size, root`)
  }
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(size)) throw invalid(`tree size is ${excerpt(size)}, want a decimal number`)
  const hash = fromBase64(root)
  if (hash.length !== HASH_BYTES) throw invalid(`root hash is ${hash.length} bytes, want ${HASH_BYTES}`)
  return { origin: checkKeyName(origin), size: BigInt(size), root: hash }
}

/**
 * Opens a signed checkpoint: the log's Ed25519 and its ML-DSA-44 signature must both be there and both verify, under the keys given.
 * Both are always evaluated. Lines of unknown keys, such as witnesses, are ignored. Throws FORMAT_INVALID or VERIFICATION_FAILED.
 */
export function openCheckpoint(note: string, keys: readonly LogVerifierKey[], verifier: LogSignatureVerifier): OpenedCheckpoint {
  const parsed = parseNote(note)
  const checkpoint = decodeCheckpoint(parsed.text)
  const ed25519 = checkEd25519(parsed, checkpoint, keys, verifier)
  const mlDsa44 = checkMlDsa44(parsed, checkpoint, keys, verifier)
  const reasons = [ed25519, mlDsa44].filter((result) => typeof result === 'string')
  if (reasons.length > 0 || typeof mlDsa44 !== 'bigint') throw refused(checkpoint, reasons)
  return { ...checkpoint, timestampSeconds: mlDsa44 }
}

/** The same for a log that may have keys of one type only: there must be a signature of every type that it has keys of, and none may be wrong. */
export function openForeignCheckpoint(note: string, keys: readonly LogVerifierKey[], verifier: LogSignatureVerifier): Checkpoint {
  const parsed = parseNote(note)
  const checkpoint = decodeCheckpoint(parsed.text)
  const types = new Set(keys.map(({ type }) => type))
  const results = [
    types.has('ed25519') ? checkEd25519(parsed, checkpoint, keys, verifier) : undefined,
    types.has('ml-dsa-44') ? checkMlDsa44(parsed, checkpoint, keys, verifier) : undefined,
    types.size === 0 ? 'no key of this log is known' : undefined,
  ]
  const reasons = results.filter((result) => typeof result === 'string')
  if (reasons.length > 0) throw refused(checkpoint, reasons)
  return checkpoint
}

function refused({ origin, size }: Checkpoint, reasons: readonly string[]): SealstoneError {
  return new SealstoneError('VERIFICATION_FAILED', `checkpoint of ${excerpt(origin)} at size ${size}: ${reasons.join('; ')}`, {
    hint: 'do not trust this checkpoint; compare the log keys in your trust file with the log operator',
  })
}

/** A reason why it does not count, or undefined. */
function checkEd25519(note: SignedNote, { origin }: Checkpoint, keys: readonly LogVerifierKey[], verifier: LogSignatureVerifier): string | undefined {
  const lines = findLines(note, origin, 'ed25519', keys)
  if (lines.length === 0) return 'no ed25519 signature by a known log key'
  const message = utf8(note.text)
  const bad = lines.find(({ key, line }) => !verifier.verifyEd25519(key.publicKey, message, line.signature))
  return bad === undefined ? undefined : `ed25519 signature by key ${toHex(bad.key.keyId)} does not verify`
}

/** A reason why it does not count, or the time of the signature. */
function checkMlDsa44(note: SignedNote, checkpoint: Checkpoint, keys: readonly LogVerifierKey[], verifier: LogSignatureVerifier): string | bigint {
  const lines = findLines(note, checkpoint.origin, 'ml-dsa-44', keys)
  let latest: bigint | undefined
  for (const { key, line } of lines) {
    const timestamped = decodeTimestampedSignature('ml-dsa-44', line.signature)
    if (timestamped === undefined) return `ml-dsa-44 signature by key ${toHex(key.keyId)} is ${line.signature.length} bytes`
    const message = cosignedMessage({ ...checkpoint, name: key.name, timestampSeconds: timestamped.timestampSeconds })
    if (!verifier.verifyMlDsa44(key.publicKey, message, timestamped.signature))
      return `ml-dsa-44 signature by key ${toHex(key.keyId)} does not verify`
    if (latest === undefined || timestamped.timestampSeconds > latest) latest = timestamped.timestampSeconds
  }
  return latest ?? 'no ml-dsa-44 signature by a known log key'
}

// c2sp.org/signed-note: name and key ID together identify a key; a line of a known key that does not verify spoils the note.
// c2sp.org/tlog-checkpoint: the log's key name is its origin, so another log's key in the list never speaks for this one.
function findLines(
  note: SignedNote,
  origin: string,
  type: LogKeyType,
  keys: readonly LogVerifierKey[],
): { key: LogVerifierKey; line: NoteSignature }[] {
  return keys
    .filter((key) => key.type === type && key.name === origin)
    .flatMap((key) => note.signatures.filter((line) => line.name === key.name && equalBytes(line.keyId, key.keyId)).map((line) => ({ key, line })))
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}
