/** Keys that outlive their token: made here, put into the token and sealed by it, and encrypted to offline recipients; and their way back. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { equalBytes, SealstoneError } from '#core'
import type { Primitive, Suite } from '#suites'
import { borrowed, type Borrowed, putKeyPair, removeKeyPair, secretBuffer } from '#token'
import { buildKey, type KeyPlan, planKey } from './generate-key.ts'
import { readIdentities } from './identity-file.ts'
import type { KeyMaterial } from './key-material.ts'
import type { GenerateRequest, RecoverRequest } from './protocol.ts'
import { decryptSecrets, encryptSecrets, type Secrets, wipe } from './recovery-blob.ts'
import { freshSeeds, type SeedHalf } from './sealed-seeds.ts'
import type { KeyHostParts } from './sign-items.ts'

/** A half that lived in the token alone could never be had back: here it is made outside of it. Throws SUITE_UNSUPPORTED or TOKEN_*. */
export async function generateRecoverableKey(parts: KeyHostParts, request: GenerateRequest, recipients: readonly string[]): Promise<KeyMaterial> {
  const { token, engine } = parts
  if (request.mlDsa === 'token')
    throw new SealstoneError('INPUT_INVALID', 'an ML-DSA half that is made in the token cannot be recovered', {
      hint: 'make it with --not-recoverable',
    })
  const plan = planKey(token, request)
  const { suite } = plan
  const secrets: Secrets = {
    ...(suite.mlDsa === undefined ? {} : { 'ml-dsa': freshSeeds(token, ['ml-dsa']) }),
    ...(suite.classical === undefined ? {} : { classical: freshClassicalKey(suite.classical) }),
  }
  try {
    const key = placeKey(parts, request, plan, secrets)
    return await withRecovery(parts, key, async () => encryptSecrets(engine, key, secrets, recipients))
  } finally {
    wipe(secrets)
  }
}

/** The same key in this token, from its recovery blob: same public key, same name and version. Throws RECOVERY_INVALID or TOKEN_*. */
export async function recoverKey(parts: KeyHostParts, { key, role, label, identityFile }: RecoverRequest): Promise<KeyMaterial> {
  if (key.recovery === undefined) throw new SealstoneError('RECOVERY_INVALID', `key ${key.keyId} version ${key.version} has no recovery blob`)
  const secrets = await decryptSecrets(parts.engine, key, key.recovery, readIdentities(identityFile))
  try {
    const { keyId, version, suite, recovery } = key
    const placed = placeKey(parts, { keyId, version, role, label }, planKey(parts.token, { suite }), secrets)
    return await withRecovery(parts, placed, async () => {
      if (equalBytes(placed.spki, key.spki)) return recovery
      throw new SealstoneError('RECOVERY_INVALID', `the recovery blob of key ${keyId} version ${version} makes another public key`)
    })
  } finally {
    wipe(secrets)
  }
}

/** Nothing of a key stays in the token that nobody will be told of. */
async function withRecovery({ token }: KeyHostParts, key: KeyMaterial, blob: () => Promise<Uint8Array>): Promise<KeyMaterial> {
  try {
    return { ...key, recovery: await blob(), protection: { ...key.protection, recoverable: true } }
  } catch (error) {
    if (key.ckaId !== undefined) removeKeyPair(token, key.ckaId)
    throw error
  }
}

function placeKey(
  parts: KeyHostParts,
  request: Pick<GenerateRequest, 'keyId' | 'version' | 'role' | 'label'>,
  plan: KeyPlan,
  secrets: Secrets,
): KeyMaterial {
  const { inToken, seeds } = plan
  using sealed = seeds.length === 0 ? undefined : joinSeeds(seeds, secrets)
  return buildKey(parts, request, plan, sealed, (pairs) => {
    if (inToken !== undefined) pairs.classical = putKeyPair(parts.token, inToken, need(secrets.classical).bytes, request.label)
  })
}

function joinSeeds(halves: readonly SeedHalf[], secrets: Secrets): Borrowed {
  const each = halves.map((half) => (half === 'ml-dsa' ? Buffer.from(need(secrets['ml-dsa']).bytes) : ed25519Seed(need(secrets.classical))))
  const all = borrowed(secretBuffer(each.reduce((sum, { length }) => sum + length, 0)))
  let at = 0
  for (const seed of each) {
    all.bytes.set(seed, at)
    at += seed.length
    seed.fill(0)
  }
  return all
}

function ed25519Seed({ bytes }: Borrowed): Buffer {
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }).export({ format: 'raw-private' })
}

/** By OpenSSL's generator. PKCS#8, DER. */
function freshClassicalKey(algorithm: NonNullable<Suite['classical']>): Borrowed {
  const encoding = { privateKeyEncoding: { format: 'der', type: 'pkcs8' }, publicKeyEncoding: { format: 'der', type: 'spki' } } as const
  return borrowed(CLASSICAL[algorithm as keyof typeof CLASSICAL](encoding))
}

function need(secret: Borrowed | undefined): Borrowed {
  if (secret === undefined) throw new SealstoneError('RECOVERY_INVALID', 'the recovery blob lacks a half that the suite has')
  return secret
}

interface Encoding {
  readonly privateKeyEncoding: { readonly format: 'der'; readonly type: 'pkcs8' }
  readonly publicKeyEncoding: { readonly format: 'der'; readonly type: 'spki' }
}
const CLASSICAL = {
  'ecdsa-p256': (encoding: Encoding) => generateKeyPairSync('ec', { namedCurve: 'P-256', ...encoding }).privateKey,
  'ecdsa-p384': (encoding: Encoding) => generateKeyPairSync('ec', { namedCurve: 'P-384', ...encoding }).privateKey,
  'ecdsa-p521': (encoding: Encoding) => generateKeyPairSync('ec', { namedCurve: 'P-521', ...encoding }).privateKey,
  ed25519: (encoding: Encoding) => generateKeyPairSync('ed25519', encoding).privateKey,
  'rsa3072-pss': (encoding: Encoding) => generateKeyPairSync('rsa', { modulusLength: 3072, ...encoding }).privateKey,
} as const satisfies Partial<Record<Primitive, (encoding: Encoding) => Buffer>>
