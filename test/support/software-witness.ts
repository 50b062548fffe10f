/** A witness's keys in software, for tests: node:crypto signs, noble verifies. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { concatBytes, fromHex } from '#core'
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeTimestampedSignature,
  formatNote,
  type NoteSignature,
  parseNote,
  type Witness,
  type WitnessKeyType,
  witnessKey,
  witnessMessage,
} from '#tlog'

export interface SoftwareWitness extends Witness {
  sign(checkpoint: Checkpoint, timestampSeconds: bigint, types?: readonly WitnessKeyType[]): NoteSignature[]
  /** The note with its lines below. */
  cosign(note: string, timestampSeconds?: bigint, types?: readonly WitnessKeyType[]): string
}

export function softwareWitness(name: string, seed: Uint8Array = crypto.getRandomValues(new Uint8Array(32))): SoftwareWitness {
  const privateKeys = {
    'cosignature-ed25519': pkcs8('302e020100300506032b657004220420', seed),
    'ml-dsa-44': pkcs8('3034020100300b060960864801650304031104228020', seed),
  }
  const types = Object.keys(privateKeys) as WitnessKeyType[]
  const keys = types.map((type) => {
    const spki = createPublicKey(privateKeys[type]).export({ format: 'der', type: 'spki' })
    return witnessKey({ name, type, publicKey: new Uint8Array(spki.subarray(type === 'ml-dsa-44' ? -1312 : -32)) })
  })
  const witness: SoftwareWitness = {
    name,
    keys,
    sign: (checkpoint, timestampSeconds, wanted = types) =>
      keys
        .filter(({ type }) => wanted.includes(type))
        .map(({ type, keyId }) => {
          const signature = sign(null, witnessMessage(type, { ...checkpoint, name, timestampSeconds }), privateKeys[type])
          return { name, keyId, signature: encodeTimestampedSignature(timestampSeconds, signature) }
        }),
    cosign: (note, timestampSeconds = BigInt(Math.floor(Date.now() / 1000)), wanted = types) => {
      const { text, signatures } = parseNote(note)
      return formatNote({ text, signatures: [...signatures, ...witness.sign(decodeCheckpoint(text), timestampSeconds, wanted)] })
    },
  }
  return witness
}

function pkcs8(prefix: string, seed: Uint8Array) {
  return createPrivateKey({ key: Buffer.from(concatBytes(fromHex(prefix), seed)), format: 'der', type: 'pkcs8' })
}
