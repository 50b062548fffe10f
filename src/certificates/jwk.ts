/** Public keys as JSON Web Keys: EC and RSA (RFC 7518), Ed25519 (RFC 8037), ML-DSA and composites as key type AKP (RFC 9964), with RFC 7638 thumbprints. */
import {
  canonicalJsonBytes,
  concatBytes,
  excerpt,
  fromBase64Url,
  type JsonObject,
  parseStrictObject,
  readChoice,
  readObject,
  readText,
  SealstoneError,
  toBase64Url,
} from '#core'
import { encodePublicKey, type Engine, findSuite, type PublicKey, type SuiteId } from '#suites'
import { AKP_NAMES, EC_NAMES, RSA_NAMES } from './jwk-names.ts'
import { readRsaPublicKey, writeRsaPublicKey } from './rsa-public-key.ts'

/** Text members only; `JSON.stringify` or `canonicalJson` makes the document. */
export type Jwk = Readonly<Record<string, string>>

export interface ParsedJwk {
  readonly key: PublicKey
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string
  /** Whatever its writer chose; not compared with the thumbprint. */
  readonly kid?: string
}

/** `kid` is the thumbprint. Throws SUITE_UNSUPPORTED for a suite that JOSE has no name for. */
export function encodeJwk(engine: Pick<Engine, 'digest'>, key: PublicKey): Jwk {
  const members = memberTable(key)
  return { ...members.required, ...members.alg, use: 'sig', kid: thumbprint(engine, members.required) }
}

/**
 * Reads one public JWK. Closed: a member that is not named here, a private one above all, is refused, and so is a key for anything but
 * signatures. Throws JSON_INVALID, FORMAT_INVALID, INPUT_TOO_LARGE or KEY_INVALID.
 */
export function parseJwk(engine: Pick<Engine, 'digest'>, text: string | Uint8Array): ParsedJwk {
  const jwk = parseStrictObject(text, { maxBytes: MAX_JWK_BYTES, maxDepth: 2, maxValues: 40 })
  refusePrivate(jwk)
  const key = READERS[readChoice(jwk, 'kty', ['EC', 'OKP', 'RSA', 'AKP'])](jwk)
  checkPurpose(jwk)
  const kid = jwk.kid === undefined ? {} : { kid: readText(jwk, 'kid', 256) }
  return { key, thumbprint: thumbprint(engine, memberTable(key).required), ...kid }
}

/** RFC 7638 §3.2 and §3.3: the required members in lexicographic order, without white space. */
function thumbprint(engine: Pick<Engine, 'digest'>, required: Jwk): string {
  return toBase64Url(engine.digest('sha256', canonicalJsonBytes(required)))
}

function memberTable({ suite, raw }: PublicKey): { readonly required: Jwk; readonly alg: Jwk } {
  const ec = EC_NAMES.find((name) => name.suite === suite.id)
  if (ec !== undefined) {
    const [x, y] = [raw.subarray(1, 1 + ec.coordinateBytes), raw.subarray(1 + ec.coordinateBytes)]
    return { required: { kty: 'EC', crv: ec.crv, x: toBase64Url(x), y: toBase64Url(y) }, alg: { alg: ec.alg } }
  }
  // Without `alg`, which is optional: RFC 8037 calls it EdDSA, RFC 9864 calls it Ed25519, and a reader may know one of them only.
  if (suite.id === 'ed25519') return { required: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(raw) }, alg: {} }
  const rsa = RSA_NAMES.find((name) => name.suite === suite.id)
  if (rsa !== undefined) {
    const { modulus, exponent } = readRsaPublicKey(raw)
    return { required: { kty: 'RSA', n: toBase64Url(modulus), e: toBase64Url(exponent) }, alg: { alg: rsa.alg } }
  }
  const akp = AKP_NAMES.find((name) => name.suite === suite.id)
  if (akp !== undefined) return { required: { kty: 'AKP', alg: akp.alg, pub: toBase64Url(raw) }, alg: {} }
  throw new SealstoneError('SUITE_UNSUPPORTED', `JOSE has no algorithm name for suite ${suite.id}, so its key has no JWK`, {
    hint: 'export the key as PEM or as a certificate',
  })
}

const READERS = {
  EC(jwk: JsonObject): PublicKey {
    readObject(jwk, 'EC key', ['kty', 'crv', 'x', 'y'], OPTIONAL)
    const { suite, alg, coordinateBytes } = named(EC_NAMES, 'crv', readText(jwk, 'crv', 40))
    checkAlgorithm(jwk, [alg])
    // RFC 7518 §6.2.1.2: always the full size of a coordinate.
    return keyOf(suite, concatBytes(Uint8Array.of(4), readSized(jwk, 'x', coordinateBytes), readSized(jwk, 'y', coordinateBytes)))
  },
  OKP(jwk: JsonObject): PublicKey {
    readObject(jwk, 'OKP key', ['kty', 'crv', 'x'], OPTIONAL)
    readChoice(jwk, 'crv', ['Ed25519'])
    checkAlgorithm(jwk, ['EdDSA', 'Ed25519'])
    return keyOf('ed25519', readSized(jwk, 'x', 32))
  },
  RSA(jwk: JsonObject): PublicKey {
    readObject(jwk, 'RSA key', ['kty', 'n', 'e'], OPTIONAL)
    const [modulus, exponent] = [readNumber(jwk, 'n', 512), readNumber(jwk, 'e', 8)]
    const name = RSA_NAMES.find(({ modulusBytes }) => modulusBytes === modulus.length)
    if (name === undefined) throw invalid(`RSA modulus is ${modulus.length} bytes, want 256, 384 or 512`)
    checkAlgorithm(jwk, [name.alg])
    return keyOf(name.suite, writeRsaPublicKey({ modulus, exponent }))
  },
  AKP(jwk: JsonObject): PublicKey {
    readObject(jwk, 'AKP key', ['kty', 'alg', 'pub'], OPTIONAL)
    return keyOf(named(AKP_NAMES, 'alg', readText(jwk, 'alg', 40)).suite, readBase64Url(jwk, 'pub'))
  },
}

function named<Name extends 'crv' | 'alg', Row extends { readonly [name in Name]: string }>(rows: readonly Row[], name: Name, value: string): Row {
  const row = rows.find((candidate) => candidate[name] === value)
  if (row === undefined) throw invalid(`${name} is ${excerpt(value)}, want one of ${rows.map((known) => known[name]).join(', ')}`)
  return row
}

function keyOf(id: SuiteId, raw: Uint8Array): PublicKey {
  return encodePublicKey(findSuite(id), raw)
}

/** RFC 7517 §4.4: where it is present, the key is for this algorithm alone. */
function checkAlgorithm(jwk: JsonObject, allowed: readonly string[]): void {
  if (jwk.alg !== undefined) readChoice(jwk, 'alg', allowed)
}

/** RFC 7517 §4.2 and §4.3. */
function checkPurpose(jwk: JsonObject): void {
  if (jwk.use !== undefined) readChoice(jwk, 'use', ['sig'])
  const operations = jwk.key_ops
  if (operations === undefined) return
  if (!Array.isArray(operations) || operations.length !== 1 || operations[0] !== 'verify') throw invalid('key_ops of a public key is not ["verify"]')
}

/** Before anything else, so that its owner learns that a secret was about to be handed on. */
function refusePrivate(jwk: JsonObject): void {
  const secret = PRIVATE_MEMBERS.find((name) => jwk[name] !== undefined)
  if (secret === undefined) return
  throw new SealstoneError('KEY_INVALID', `JWK has the private member ${secret}, want a public key`, {
    hint: 'remove the private members, and treat the key as disclosed if the file was sent to others',
  })
}

function readSized(jwk: JsonObject, name: string, size: number): Uint8Array {
  const bytes = readBase64Url(jwk, name)
  if (bytes.length !== size) throw invalid(`${name} is ${bytes.length} bytes, want ${size}`)
  return bytes
}

/** RFC 7518 §2, Base64urlUInt: the fewest bytes that hold it. */
function readNumber(jwk: JsonObject, name: string, most: number): Uint8Array {
  const bytes = readBase64Url(jwk, name)
  if (bytes.length > most || bytes[0] === 0) throw invalid(`${name} is longer than ${most} bytes or begins with a zero byte`)
  return bytes
}

function readBase64Url(jwk: JsonObject, name: string): Uint8Array {
  return fromBase64Url(readText(jwk, name, MAX_JWK_BYTES))
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('KEY_INVALID', message)
}

const MAX_JWK_BYTES = 16_384
const OPTIONAL = ['alg', 'kid', 'use', 'key_ops']
// RFC 7518 §6.2.2, §6.3.2 and §6.4, RFC 9964 §3.
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv', 'seed']
