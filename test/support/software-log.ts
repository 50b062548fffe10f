/** A log's two keys in software, for tests: node:crypto signs, noble verifies, so that neither agrees with its own mistakes. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import type { CheckpointSigner } from '#audit'
import { concatBytes, fromHex, utf8 } from '#core'
import {
  type Checkpoint,
  cosignedMessage,
  encodeCheckpoint,
  encodeTimestampedSignature,
  formatNote,
  type LogSignatureVerifier,
  type LogVerifierKey,
  logVerifierKey,
} from '#tlog'

export interface SoftwareLog {
  readonly origin: string
  readonly keys: readonly [ed25519: LogVerifierKey, mlDsa44: LogVerifierKey]
  readonly signer: CheckpointSigner
  signNow(checkpoint: Checkpoint, timestampSeconds?: bigint): string
  /** By both keys, the bytes as they are. */
  signRaw(message: Uint8Array): { readonly ed25519: Uint8Array; readonly 'ml-dsa-44': Uint8Array }
}

/** @param seed 32 bytes that both keys come from: the same seed is the same log */
export function softwareLog(origin: string, seed: Uint8Array = crypto.getRandomValues(new Uint8Array(32))): SoftwareLog {
  const edKey = createPrivateKey({ key: Buffer.from(concatBytes(fromHex('302e020100300506032b657004220420'), seed)), format: 'der', type: 'pkcs8' })
  const mlKey = createPrivateKey({
    key: Buffer.from(concatBytes(fromHex('3034020100300b06096086480165030403110422'), fromHex('8020'), seed)),
    format: 'der',
    type: 'pkcs8',
  })
  const edVerifier = logVerifierKey({ name: origin, type: 'ed25519', publicKey: rawPublicKey(edKey, 32) })
  const mlVerifier = logVerifierKey({ name: origin, type: 'ml-dsa-44', publicKey: rawPublicKey(mlKey, 1312) })

  const signNow = (checkpoint: Checkpoint, timestampSeconds = BigInt(Math.floor(Date.now() / 1000))): string => {
    const text = encodeCheckpoint(checkpoint)
    const edSignature = sign(null, utf8(text), edKey)
    const mlSignature = sign(null, cosignedMessage({ ...checkpoint, name: origin, timestampSeconds }), mlKey)
    return formatNote({
      text,
      signatures: [
        { name: origin, keyId: edVerifier.keyId, signature: edSignature },
        { name: origin, keyId: mlVerifier.keyId, signature: encodeTimestampedSignature(timestampSeconds, mlSignature) },
      ],
    })
  }
  const keys = [edVerifier, mlVerifier] as const
  const signRaw = (message: Uint8Array) => ({ ed25519: sign(null, message, edKey), 'ml-dsa-44': sign(null, message, mlKey) })
  return { origin, keys, signNow, signRaw, signer: { keys, sign: async (checkpoint) => signNow(checkpoint) } }
}

/** @noble/curves and @noble/post-quantum as the judge of what node:crypto signed. */
export const nobleVerifier: LogSignatureVerifier = {
  verifyEd25519: (publicKey, message, signature) => attempt(() => ed25519.verify(signature, message, publicKey)),
  verifyMlDsa44: (publicKey, message, signature) => attempt(() => ml_dsa44.verify(signature, message, publicKey)),
}

function rawPublicKey(key: KeyObject, length: number): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-length))
}

function attempt(verify: () => boolean): boolean {
  try {
    return verify()
  } catch {
    return false // noble throws on wrong lengths
  }
}
