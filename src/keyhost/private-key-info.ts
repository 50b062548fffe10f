/** Private keys from outside, for import: ML-DSA in all three forms (RFC 9881 §6). Everything else is recognised and refused by name, with the way on. */
import { SealstoneError } from '#core'
import { encodePublicKey, type Engine, findSuite, identifyPrivateKey, type MlDsaSet, parseMlDsaPrivateKey, type PublicKey, suiteByOid } from '#suites'
import { openPrivateKeyFile } from './private-key-file.ts'

/** `using key = parsePrivateKeyInfo(…)`: the secret is wiped at the end of the scope. */
export interface ImportedKey extends Disposable {
  readonly set: MlDsaSet
  /** The seed of 32 bytes, or FIPS 204 `sk` where the file has no seed; in memory of its own. */
  readonly secret: Uint8Array
  /** Made from the secret. */
  readonly publicKey: PublicKey
}

/**
 * Reads PKCS#8, PEM or DER: a seed, an expanded key, or both, which are then compared. `file` stays the caller's to wipe; all copies
 * but the answer are wiped here. Throws KEY_INVALID for what is malformed or does not belong together, KEY_UNUSABLE for what cannot be imported.
 */
export function parsePrivateKeyInfo(engine: Engine, file: Uint8Array): ImportedKey {
  using opened = openPrivateKeyFile(file)
  checkLabel(opened.label)
  checkAlgorithm(opened.der, opened.label)
  const { set, seed, expanded } = parseMlDsaPrivateKey(opened.der, engine)
  if (seed !== undefined) expanded?.fill(0)
  const secret = seed ?? expanded
  if (secret === undefined) throw new SealstoneError('KEY_INVALID', 'private key holds neither seed nor expanded key')
  try {
    const publicKey = encodePublicKey(findSuite(`mldsa${set}`), engine.publicKeyFromSeed(set, secret))
    return { set, secret, publicKey, [Symbol.dispose]: () => secret.fill(0) }
  } catch (error) {
    secret.fill(0)
    throw error
  }
}

function checkLabel(label: string | undefined): void {
  if (label === undefined || label === 'PRIVATE KEY' || label === 'ENCRYPTED PRIVATE KEY') return
  if (!label.endsWith('PRIVATE KEY')) throw new SealstoneError('KEY_INVALID', `PEM block is ${label}, want PRIVATE KEY`)
  throw unusable(`private key is in the form ${label}, want PKCS#8 (PRIVATE KEY) with an ML-DSA key`, ONLY_ML_DSA)
}

function checkAlgorithm(der: Uint8Array, label: string | undefined): void {
  const found = identifyPrivateKey(der)
  if (found.encrypted) throw unusable('private key is encrypted (EncryptedPrivateKeyInfo)', DECRYPT_FIRST)
  if (label === 'ENCRYPTED PRIVATE KEY')
    throw new SealstoneError('KEY_INVALID', 'PEM block says ENCRYPTED PRIVATE KEY, but the key in it is not encrypted')
  const suite = suiteByOid(found.oid)
  if (suite?.kind === 'ml-dsa') return
  if (suite?.kind === 'composite') {
    throw unusable(
      `private key is of the composite ${suite.id}`,
      'the classical half of a composite is made in the token and is never imported; create a new key',
    )
  }
  throw unusable(`private key is ${suite?.label ?? OTHER_ALGORITHMS[found.oid] ?? `of the algorithm ${found.oid}`}, want ML-DSA`, ONLY_ML_DSA)
}

function unusable(message: string, hint: string): SealstoneError {
  return new SealstoneError('KEY_UNUSABLE', message, { hint })
}

const ONLY_ML_DSA = 'only ML-DSA keys can be imported; a classical key in the token can be adopted: sealstone keys adopt'
const DECRYPT_FIRST =
  'decrypt it in memory first: openssl pkcs8 -topk8 -nocrypt -in FILE -out /dev/shm/key.pem (OpenSSL 3.5 or newer), and delete it after'
// RFC 8017 appendix C, RFC 5480 §2.1.1, RFC 8410 §3, RFC 4055 §1.2, RFC 3279 §2.3, RFC 9935 §3.
const OTHER_ALGORITHMS: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.1': 'RSA',
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.10045.2.1': 'EC',
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.113549.1.3.1': 'Diffie-Hellman',
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.101.113': 'Ed448',
  '2.16.840.1.101.3.4.4.1': 'ML-KEM-512',
  '2.16.840.1.101.3.4.4.2': 'ML-KEM-768',
  '2.16.840.1.101.3.4.4.3': 'ML-KEM-1024',
  '2.16.840.1.101.3.4.3.32': 'HashML-DSA-44',
  '2.16.840.1.101.3.4.3.33': 'HashML-DSA-65',
  '2.16.840.1.101.3.4.3.34': 'HashML-DSA-87',
}
