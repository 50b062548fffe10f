/** Keys, logs and signed models made for tests: node:crypto and #suites sign, nothing is stored. */
import { generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto'
import { type KeyProtection, newOperationId, parseIdentity, parseKeyName, toHex, utf8 } from '#core'
import {
  buildModelStatement,
  pae,
  parseStatement,
  STATEMENT_PAYLOAD_TYPE,
  type TrustedKey,
  type TrustFile,
  trustSignedBytes,
  writeHybridBundle,
  writeOmsBundle,
  writeTrustFile,
} from '#envelopes'
import type { Manifest } from '#hashing'
import { encodePublicKey, findSuite, fingerprint, joinPublicKey, type PublicKey, publicKeyPem, type RawSigner, sign, type SuiteId } from '#suites'
import { nativeEngine } from '#suites/native'
import { encodeLeaf, encodeVerifierKey, formatTlogProof, GrowingTree, inclusionProof, type Leaf, type Receipt } from '#tlog'
import { type SoftwareLog, softwareLog } from './software-log.ts'

const engine = nativeEngine()

export interface TestKey {
  readonly key: PublicKey
  readonly pem: string
  sign(message: Uint8Array, ctx?: Uint8Array): Uint8Array
}

/** A fresh key pair of a suite that can sign. */
export function makeKey(suiteId: SuiteId): TestKey {
  const suite = findSuite(suiteId)
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const classical = suite.classical === undefined ? undefined : makeClassical(suite.classical)
  const mlDsa = suite.mlDsa === undefined ? undefined : engine.publicKeyFromSeed(suite.mlDsa, seed)
  const raw = mlDsa !== undefined && classical !== undefined ? joinPublicKey(suite, mlDsa, classical.raw) : (mlDsa ?? classical?.raw)
  if (raw === undefined) throw new Error(`suite ${suiteId} has no keys`)
  const signer: RawSigner = {
    mlDsa: (set, message, ctx) => engine.signMlDsa(set, seed, message, ctx),
    classical: (_primitive, message) => {
      if (classical === undefined) throw new Error(`suite ${suiteId} has no classical half`)
      return new Uint8Array(signWith(classical.hash, message, classical.privateKey))
    },
  }
  const key = encodePublicKey(suite, raw)
  return { key, pem: publicKeyPem(key), sign: (message, ctx) => sign(engine, suite, signer, message, ctx) }
}

function makeClassical(primitive: string): { raw: Uint8Array; privateKey: KeyObject; hash: string | null } {
  if (primitive === 'ed25519') {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    return { raw: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)), privateKey, hash: null }
  }
  const curve = CURVES[primitive]
  if (curve === undefined) throw new Error(`no test keys for ${primitive}`)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve.name })
  return { raw: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-curve.bytes)), privateKey, hash: curve.hash }
}

const CURVES: Readonly<Record<string, { readonly name: string; readonly bytes: number; readonly hash: string }>> = {
  'ecdsa-p256': { name: 'prime256v1', bytes: 65, hash: 'sha256' },
  'ecdsa-p384': { name: 'secp384r1', bytes: 97, hash: 'sha384' },
  'ecdsa-p521': { name: 'secp521r1', bytes: 133, hash: 'sha512' },
}

/** One key of an installation: the key itself, its companion, and its log. */
export interface Installation {
  readonly name: string
  readonly version: number
  readonly main: TestKey
  readonly companion: TestKey | undefined
  readonly log: SoftwareLog
}

export function makeInstallation(suite: SuiteId = 'mldsa65-ecdsa-p256', name = 'default', log = softwareLog('log.example/models')): Installation {
  const { companion } = findSuite(suite)
  return { name, version: 1, main: makeKey(suite), companion: companion === undefined ? undefined : makeKey(companion), log }
}

export function trustOf({ log, ...first }: Installation, ...others: readonly Installation[]): TrustFile {
  return {
    version: 2,
    serial: 1,
    issuedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2099-01-01T00:00:00.000Z',
    log: { origin: log.origin, keys: log.keys.map(encodeVerifierKey) },
    keys: [{ ...first, log }, ...others].map(trustedKey),
    policies: [],
  }
}

/** The file, signed by the keys of the log. */
export function trustFileOf(trust: TrustFile, { signRaw }: SoftwareLog): Uint8Array {
  return writeTrustFile(trust, signRaw(trustSignedBytes(trust)))
}

export function trustedKey({ name, version, main, companion }: Installation): TrustedKey {
  return {
    name: parseKeyName(name),
    version,
    suite: main.key.suite.id,
    spki: main.key.spki,
    ...(companion === undefined ? {} : { companion: { suite: companion.key.suite.id, spki: companion.key.spki } }),
    state: 'active',
  }
}

export interface SignedFiles {
  readonly payload: Uint8Array
  readonly bundle: Uint8Array
  readonly hybrid: Uint8Array
  readonly receipt: Receipt
  readonly leaf: Leaf
}

/** What to do differently from an honest daemon. */
export interface Deviations {
  /** Changes the leaf before it is logged. */
  readonly leaf?: (leaf: Leaf) => Leaf
  readonly receipt?: (receipt: Receipt) => Receipt
  /** The signature in `model.hybrid.sig`. */
  readonly signature?: (signature: Uint8Array) => Uint8Array
  readonly log?: SoftwareLog
  readonly protection?: KeyProtection
  readonly time?: string
}

export const PROTECTION: KeyProtection = {
  module: 'libsofthsm2.so',
  tokenModel: 'SoftHSM v2',
  tokenSerial: '0123456789abcdef',
  halves: [
    { role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm' },
    { role: 'classical', location: 'token', sensitive: true, extractable: false },
  ],
}

/** Both signature files, as the daemon makes them: outcome leaf, checkpoint by both log keys, receipt. */
export function signStatement(by: Installation, payload: Uint8Array, deviations: Deviations = {}): SignedFiles {
  const { name, version, main, companion } = by
  const signedBytes = pae(STATEMENT_PAYLOAD_TYPE, payload)
  const signature = (deviations.signature ?? same)(main.sign(signedBytes))
  const companionSignature = companion?.sign(signedBytes)
  const statement = parseStatement(payload)
  const leaf = (deviations.leaf ?? same)({
    version: 1,
    time: deviations.time ?? '2026-05-01T12:00:00.000Z',
    kind: 'outcome',
    operationId: newOperationId(),
    caller: parseIdentity('local'),
    operation: 'sign',
    key: name,
    keyVersion: version,
    suite: main.key.suite.id,
    modelName: statement.kind === 'model' ? statement.modelName : (statement.subjects[0]?.name ?? ''),
    modelDigest: `sha256:${statement.kind === 'model' ? toHex(statement.rootDigest ?? new Uint8Array()) : statement.subjects[0]?.sha256}`,
    payloadType: STATEMENT_PAYLOAD_TYPE,
    predicateType: statement.predicateType,
    signedBytesDigest: sha256Text(signedBytes),
    signatures: [
      { role: 'hybrid', suite: main.key.suite.id, keyFingerprint: fingerprint(engine, main.key.spki), digest: sha256Text(signature) },
      ...(companion === undefined || companionSignature === undefined
        ? []
        : [
            {
              role: 'companion' as const,
              suite: companion.key.suite.id,
              keyFingerprint: fingerprint(engine, companion.key.spki),
              digest: sha256Text(companionSignature),
            },
          ]),
    ],
    resourceCount: statement.kind === 'model' ? statement.resources.length : statement.subjects.length,
    result: 'ok',
    keyProtection: PROTECTION,
  })
  const receipt = (deviations.receipt ?? same)(logLeaf(deviations.log ?? by.log, encodeLeaf(leaf)))
  const hybrid = writeHybridBundle({
    payload,
    signature,
    key: main.key,
    keyName: parseKeyName(name),
    keyVersion: version,
    receipt,
    protection: deviations.protection ?? PROTECTION,
  })
  const forOthers =
    main.key.suite.kind === 'classical'
      ? { signature, key: main.key }
      : companion && companionSignature && { signature: companionSignature, key: companion.key }
  return { payload, bundle: forOthers === undefined ? new Uint8Array() : writeOmsBundle({ payload, ...forOthers }), hybrid, receipt, leaf }
}

export function signManifest(by: Installation, manifest: Manifest, deviations: Deviations = {}): SignedFiles {
  return signStatement(by, buildModelStatement(manifest), deviations)
}

/** The leaf as entry 3 of a log of seven. */
function logLeaf(log: SoftwareLog, leaf: Uint8Array): Receipt {
  const tree = GrowingTree.empty()
  for (let index = 0; index < 7; index++) tree.append(index === 3 ? leaf : utf8(`another leaf ${index}`))
  const hashes = inclusionProof(3n, 7n, tree.reader(unreachable))
  const checkpoint = log.signNow({ origin: log.origin, size: 7n, root: tree.root() })
  return { leaf, proof: formatTlogProof({ index: 3n, hashes, checkpoint }) }
}

/** A manifest of made-up digests. */
export function manifestOf(names: readonly string[], modelName = 'model'): Manifest {
  return {
    modelName,
    resources: names.map((name, index) => ({ name, algorithm: 'sha256', digest: new Uint8Array(32).fill(index + 1), size: 1 })),
    serialization: { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: ['.git', 'model.hybrid.sig', 'model.sig'] },
    totalBytes: names.length,
  }
}

function sha256Text(bytes: Uint8Array): string {
  return `sha256:${toHex(engine.digest('sha256', bytes))}`
}

function same<Value>(value: Value): Value {
  return value
}

function unreachable(): never {
  throw new Error('the tree of seven leaves has no full tile')
}
