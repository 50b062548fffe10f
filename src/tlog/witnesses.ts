/** Which of the known witnesses cosigned a checkpoint, and when (c2sp.org/tlog-cosignature): what a quorum is counted from. */
import { equalBytes, excerpt, SealstoneError } from '#core'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type LogSignatureVerifier } from './checkpoint.ts'
import { cosignatureV1Message, type CosignedCheckpoint, cosignedMessage, decodeTimestampedSignature } from './cosignature.ts'
import { parseNote, type SignedNote } from './note.ts'
import { encodeVerifierKey, type LogVerifierKey, parseWitnessKey, type WitnessKey, type WitnessKeyType } from './verifier-key.ts'

export interface Witness {
  readonly name: string
  /** One Ed25519 key, one ML-DSA-44 key, or both; named like the witness. It counts when every one of them has signed. */
  readonly keys: readonly WitnessKey[]
}

export interface Cosignature {
  readonly witness: string
  /** POSIX time; the earlier one where two keys signed. */
  readonly timestampSeconds: bigint
}

/**
 * The witnesses that cosigned the note's checkpoint, in the order of `witnesses`. A line that does not verify, that is of an unknown key or
 * that says nothing of time (0) counts for nothing, and a witness of two keys counts only with both. The log's own signatures are not looked at.
 * Throws FORMAT_INVALID or INPUT_TOO_LARGE for what is no checkpoint.
 */
export function countCosignatures(note: string, witnesses: readonly Witness[], verifier: LogSignatureVerifier): Cosignature[] {
  const parsed = parseNote(note)
  const checkpoint = decodeCheckpoint(parsed.text)
  return witnesses.flatMap((witness) => {
    const times = witness.keys.map((key) => signingTime(parsed, checkpoint, key, verifier))
    if (times.length === 0 || times.includes(undefined)) return []
    const timestampSeconds = (times as bigint[]).reduce((earliest, time) => (time < earliest ? time : earliest))
    return [{ witness: witness.name, timestampSeconds }]
  })
}

/**
 * What a quorum makes of a checkpoint: how many have cosigned it, in words, and whether they are enough. Undefined where no witness is known.
 * Throws what `countCosignatures` throws.
 */
export function judgeQuorum(
  note: string,
  { witnesses, quorum, verifier }: { readonly witnesses: readonly Witness[]; readonly quorum: number; readonly verifier: LogSignatureVerifier },
): { readonly cosigned: string; readonly isEnough: boolean } | undefined {
  if (witnesses.length === 0) return undefined
  const count = countCosignatures(note, witnesses, verifier).length
  const cosigned = `cosignatures by ${count} of ${witnesses.length} ${witnesses.length === 1 ? 'witness' : 'witnesses'}`
  return { cosigned, isEnough: count >= quorum }
}

/** What a witness's key of that type signs. */
export function witnessMessage(type: WitnessKeyType, cosigned: CosignedCheckpoint): Uint8Array {
  return type === 'ml-dsa-44' ? cosignedMessage(cosigned) : cosignatureV1Message(encodeCheckpoint(cosigned), cosigned.timestampSeconds)
}

/** From vkeys. Throws FORMAT_INVALID or KEY_INVALID: for keys of two names, two keys of one type, or none. */
export function parseWitness(vkeys: readonly string[]): Witness {
  const keys = vkeys.map(parseWitnessKey)
  const [first] = keys
  if (first === undefined) throw new SealstoneError('FORMAT_INVALID', 'a witness has no key, want one or two')
  const stranger = keys.find(({ name }) => name !== first.name)
  if (stranger !== undefined)
    throw new SealstoneError('FORMAT_INVALID', `a witness has keys of two names, ${excerpt(first.name)} and ${excerpt(stranger.name)}`)
  if (new Set(keys.map(({ type }) => type)).size !== keys.length)
    throw new SealstoneError(
      'FORMAT_INVALID',
      `witness ${excerpt(first.name)} has two keys of one type, want at most one Ed25519 and one ML-DSA-44 key`,
    )
  return { name: first.name, keys }
}

/**
 * Throws FORMAT_INVALID for a name or a key that is there twice, whose voice would count twice, and for those of the log as far as they are
 * known: it would be its own witness, since its ML-DSA-44 signature has the form of a cosignature.
 */
export function refuseDoubleWitnesses(
  witnesses: readonly Witness[],
  log?: { readonly origin: string; readonly keys: readonly LogVerifierKey[] },
): void {
  const own = new Set(log === undefined ? [] : [log.origin, ...log.keys.map(({ publicKey }) => publicKey.toHex())])
  const seen = new Set<string>()
  for (const { name, keys } of witnesses) {
    // An Ed25519 cosignature does not say by whose name it was made: the key alone tells witnesses apart.
    for (const identity of [name, ...keys.map(({ publicKey }) => publicKey.toHex())]) {
      if (own.has(identity)) throw new SealstoneError('FORMAT_INVALID', `witness ${excerpt(name)} has the name or a key of the log itself`)
      if (seen.has(identity)) throw new SealstoneError('FORMAT_INVALID', `witness ${excerpt(name)} or one of its keys is there twice`)
      seen.add(identity)
    }
  }
}

export function witnessVkeys({ keys }: Witness): string[] {
  return keys.map(encodeVerifierKey)
}

/** The latest time among the lines of a key, or undefined if none verifies. */
function signingTime(note: SignedNote, checkpoint: Checkpoint, key: WitnessKey, verifier: LogSignatureVerifier): bigint | undefined {
  let latest: bigint | undefined
  for (const line of note.signatures) {
    if (line.name !== key.name || !equalBytes(line.keyId, key.keyId)) continue
    const timestamped = decodeTimestampedSignature(key.type, line.signature)
    if (timestamped === undefined || timestamped.timestampSeconds === 0n) continue
    const { timestampSeconds, signature } = timestamped
    if (latest !== undefined && timestampSeconds <= latest) continue
    const message = witnessMessage(key.type, { ...checkpoint, name: key.name, timestampSeconds })
    const isGood =
      key.type === 'ml-dsa-44' ? verifier.verifyMlDsa44(key.publicKey, message, signature) : verifier.verifyEd25519(key.publicKey, message, signature)
    if (isGood) latest = timestampSeconds
  }
  return latest
}
