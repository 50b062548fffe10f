/** Signs models with keys in memory, in the files and with the receipt that the daemon would give; for verifiers' tests. */
import { createPrivateKey, generateKeyPairSync, sign as nodeSign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KeyProtection, newOperationId, parseIdentity, parseKeyName, systemClock, toHex } from '#core'
import { buildModelStatement, pae, STATEMENT_PAYLOAD_TYPE, type TrustFile, writeHybridBundle, writeOmsBundle, writeTrustFile } from '#envelopes'
import { hashModel, rootDigest } from '#hashing'
import { encodePublicKey, findSuite, fingerprint, joinPublicKey, type PublicKey, parsePublicKey, publicKeyPem, sign } from '#suites'
import { nativeEngine } from '#suites/native'
import { encodeLeaf, encodeVerifierKey, formatTlogProof, leafHash } from '#tlog'
import { softwareLog } from '../support/software-log.ts'

export interface SoftwareSigner {
  readonly trust: TrustFile
  readonly trustBytes: Uint8Array
  readonly hybridPem: string
  readonly companionPem: string
  /** The content of `model.sig` and `model.hybrid.sig` for what is at `path` now. */
  sign(path: string): Promise<{ modelSig: Uint8Array; hybridSig: Uint8Array }>
  /** The same, written into the directory. */
  signInto(path: string): Promise<void>
}

export function softwareSigner(): SoftwareSigner {
  const engine = nativeEngine()
  const log = softwareLog('log.example/models')
  const suite = findSuite('mldsa65-ecdsa-p256')
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const half = p256()
  const companion = p256()
  const hybridKey = encodePublicKey(suite, joinPublicKey(suite, engine.publicKeyFromSeed(65, seed), half.key.raw))
  const name = parseKeyName('default')

  const trust: TrustFile = {
    version: 1,
    log: { origin: log.origin, keys: log.keys.map(encodeVerifierKey) },
    keys: [
      {
        name,
        version: 1,
        suite: suite.id,
        spki: hybridKey.spki,
        companion: { suite: companion.key.suite.id, spki: companion.key.spki },
        state: 'active',
      },
    ],
  }

  const signModel = async (path: string): Promise<{ modelSig: Uint8Array; hybridSig: Uint8Array }> => {
    const manifest = await hashModel(path)
    const payload = buildModelStatement(manifest)
    const message = pae(STATEMENT_PAYLOAD_TYPE, payload)
    const hybrid = sign(
      engine,
      suite,
      { mlDsa: (set, bytes, ctx) => engine.signMlDsa(set, seed, bytes, ctx), classical: (_primitive, bytes) => half.sign(bytes) },
      message,
    )
    const classical = companion.sign(message)
    const described = (role: 'hybrid' | 'companion', key: PublicKey, signature: Uint8Array) => ({
      role,
      suite: key.suite.id,
      keyFingerprint: fingerprint(engine, key.spki),
      digest: sha256(signature),
    })
    const leaf = encodeLeaf({
      version: 1,
      time: systemClock.now().toISOString(),
      kind: 'outcome',
      operationId: newOperationId(),
      caller: parseIdentity('local'),
      operation: 'sign',
      key: name,
      keyVersion: 1,
      suite: suite.id,
      modelName: manifest.modelName,
      modelDigest: `sha256:${toHex(rootDigest(manifest.resources))}`,
      payloadType: STATEMENT_PAYLOAD_TYPE,
      predicateType: 'https://model_signing/signature/v1.0',
      signedBytesDigest: sha256(message),
      signatures: [described('hybrid', hybridKey, hybrid), described('companion', companion.key, classical)],
      resourceCount: manifest.resources.length,
      result: 'ok',
      keyProtection: PROTECTION,
    })
    const checkpoint = log.signNow({ origin: log.origin, size: 1n, root: leafHash(leaf) })
    const receipt = { leaf, proof: formatTlogProof({ index: 0n, hashes: [], checkpoint }) }
    return {
      modelSig: writeOmsBundle({ payload, signature: classical, key: companion.key }),
      hybridSig: writeHybridBundle({
        payload,
        signature: hybrid,
        key: hybridKey,
        keyName: name,
        keyVersion: 1,
        receipt,
        protection: PROTECTION,
      }),
    }
  }
  const sha256 = (bytes: Uint8Array): string => `sha256:${toHex(engine.digest('sha256', bytes))}`
  return {
    trust,
    trustBytes: writeTrustFile(trust),
    hybridPem: publicKeyPem(hybridKey),
    companionPem: publicKeyPem(companion.key),
    sign: signModel,
    async signInto(path) {
      const { modelSig, hybridSig } = await signModel(path)
      writeFileSync(join(path, 'model.sig'), modelSig)
      writeFileSync(join(path, 'model.hybrid.sig'), hybridSig)
    },
  }
}

function p256(): { key: PublicKey; sign(message: Uint8Array): Uint8Array } {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  })
  const privateKey = createPrivateKey({ key: pair.privateKey, format: 'der', type: 'pkcs8' })
  return { key: parsePublicKey(new Uint8Array(pair.publicKey)), sign: (message) => new Uint8Array(nodeSign('sha256', message, privateKey)) }
}

const PROTECTION: KeyProtection = {
  module: 'none',
  tokenModel: 'software',
  tokenSerial: '0',
  halves: [
    { role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm' },
    { role: 'classical', location: 'token' },
    { role: 'companion', location: 'token' },
  ],
}
