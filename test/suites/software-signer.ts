/** A RawSigner with its keys in memory: one over node:crypto, one over noble, so that each signs what the other's engine verifies. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { encodePublicKey, type Engine, joinPublicKey, type Primitive, PRIMITIVES, type PublicKey, type RawSigner, type Suite } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'

interface ClassicalKey {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

export interface SoftwareKey {
  readonly key: PublicKey
  readonly signer: RawSigner
}

export function nodeKey(suite: Suite): SoftwareKey {
  return softwareKey(suite, nativeEngine(), nodeClassical)
}

/** Not for RSA, which noble has not. */
export function nobleKey(suite: Suite): SoftwareKey {
  return softwareKey(suite, portableEngine(), nobleClassical)
}

function softwareKey(suite: Suite, engine: Engine, makeClassical: (primitive: Primitive) => ClassicalKey): SoftwareKey {
  const seed = randomBytes(32)
  const classical = suite.classical === undefined ? undefined : makeClassical(suite.classical)
  const mlDsa = suite.mlDsa === undefined ? undefined : engine.publicKeyFromSeed(suite.mlDsa, seed)
  const raw = mlDsa !== undefined && classical !== undefined ? joinPublicKey(suite, mlDsa, classical.publicKey) : (mlDsa ?? classical?.publicKey)
  if (raw === undefined) throw new Error(`${suite.id} has no half`)
  return {
    key: encodePublicKey(suite, raw),
    signer: {
      mlDsa: (set, message, ctx) => engine.signMlDsa(set, seed, message, ctx),
      classical: (primitive, message) => {
        if (classical === undefined || primitive !== suite.classical) throw new Error(`${suite.id} has no ${primitive} key`)
        return classical.sign(message)
      },
    },
  }
}

function nodeClassical(primitive: Primitive): ClassicalKey {
  const row = PRIMITIVES[primitive]
  if (row.kind === 'ecdsa') {
    const pair = generateKeyPairSync('ec', { namedCurve: row.curve })
    return { publicKey: rawPublic(pair.publicKey), sign: (message) => sign(row.hash, message, pair.privateKey) }
  }
  if (row.kind === 'rsa') {
    const pair = generateKeyPairSync('rsa', { modulusLength: row.bits })
    // RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST
    const options = { key: pair.privateKey, padding: 6, saltLength: -1 }
    return { publicKey: pair.publicKey.export({ format: 'der', type: 'pkcs1' }), sign: (message) => sign(row.hash, message, options) }
  }
  if (primitive !== 'ed25519') throw new Error(`no ${primitive} key is made here`)
  const pair = generateKeyPairSync('ed25519')
  return { publicKey: rawPublic(pair.publicKey), sign: (message) => sign(null, message, pair.privateKey) }
}

function nobleClassical(primitive: Primitive): ClassicalKey {
  const curve = { 'ecdsa-p256': p256, 'ecdsa-p384': p384, 'ecdsa-p521': p521 }[primitive as string]
  if (curve === undefined) {
    if (primitive !== 'ed25519') throw new Error(`noble signs no ${primitive} here`)
    const { secretKey, publicKey } = ed25519.keygen()
    return { publicKey, sign: (message) => ed25519.sign(message, secretKey) }
  }
  const secretKey = curve.utils.randomSecretKey()
  return { publicKey: curve.getPublicKey(secretKey, false), sign: (message) => curve.sign(message, secretKey, { format: 'der', lowS: false }) }
}

function rawPublic(key: KeyObject): Uint8Array {
  return Uint8Array.from(key.export({ format: 'raw-public' }))
}
