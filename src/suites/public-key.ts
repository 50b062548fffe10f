/** Public keys as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), DER and PEM. A composite's BIT STRING is the raw concatenation of its halves. */
import { excerpt, fromBase64, SealstoneError, toBase64, toHex, utf8 } from '#core'
import { splitPublicKey } from './composite.ts'
import { DER, expectTag, oidText, readElements, readSequence, writeElement, writeOid } from './der.ts'
import type { Engine } from './engine.ts'
import { mlDsaPrimitive, PRIMITIVES, type Primitive, primitiveRow } from './primitives.ts'
import { findSuite, type Suite, suiteByOid } from './table.ts'

export interface PublicKey {
  readonly suite: Suite
  /** Raw: `mldsaPK ‖ tradPK` for a composite, else as the engine takes it. */
  readonly raw: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

/** Strict DER. Throws KEY_INVALID for what is malformed or of no known suite. */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  if (spki.length > MAX_SPKI_BYTES) throw invalid(`public key is ${spki.length} bytes, want at most ${MAX_SPKI_BYTES}`)
  const [algorithm, bits, ...rest] = readSequence(spki)
  if (rest.length > 0) throw invalid('public key has bytes after its BIT STRING')
  const [oidElement, ...parameters] = readElements(expectTag(algorithm, DER.sequence, 'algorithm'))
  const oid = oidText(expectTag(oidElement, DER.oid, 'algorithm identifier'))
  const bitString = expectTag(bits, DER.bitString, 'public key')
  if (bitString[0] !== 0) throw invalid('public key BIT STRING has unused bits')
  const raw = bitString.slice(1)
  const suite = suiteOf(oid, parameters, raw)
  checkRaw(suite, raw)
  return { suite, raw, spki: Uint8Array.from(spki) }
}

/** Throws KEY_INVALID if the raw key has the wrong length for its suite. */
export function encodePublicKey(suite: Suite, raw: Uint8Array): PublicKey {
  checkRaw(suite, raw)
  return { suite, raw, spki: suite.kind === 'composite' ? spkiOf(writeOid(suite.oid), raw) : primitiveSpki(onlyPrimitive(suite), raw) }
}

function primitiveSpki(primitive: Primitive, raw: Uint8Array): Uint8Array {
  const row = primitiveRow(primitive)
  switch (row.kind) {
    case 'ecdsa':
      return spkiOf(writeOid(EC_PUBLIC_KEY), raw, writeOid(row.curveOid))
    case 'rsa':
      return spkiOf(writeOid(RSA_ENCRYPTION), raw, writeElement(DER.null))
    default:
      return spkiOf(writeOid(row.oid), raw)
  }
}

/** PEM (RFC 7468) with LF, 64 columns and a newline at its end. */
export function publicKeyPem(key: Pick<PublicKey, 'spki'>): string {
  const lines = toBase64(key.spki).match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`
}

/** One PEM public key; CRLF and white space around it are accepted (RFC 7468 §3), a second block is refused. */
export function parsePublicKeyPem(pem: string): PublicKey {
  if (pem.length > MAX_PEM_CHARACTERS) throw invalid(`file has ${pem.length} characters, want one PEM public key of at most ${MAX_PEM_CHARACTERS}`)
  const match = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----\s*$/.exec(pem)
  if (match === null) throw invalid('file is not one PEM public key (-----BEGIN PUBLIC KEY-----)')
  return parsePublicKey(pemBytes((match[1] ?? '').replace(/\s+/g, '')))
}

/** Hex SHA-256 of the SPKI DER. */
export function fingerprint(engine: Pick<Engine, 'digest'>, spki: Uint8Array): string {
  return toHex(engine.digest('sha256', spki))
}

/** OMS `publicKey.hint`: hex SHA-256 of the PEM text. */
export function pemHint(engine: Pick<Engine, 'digest'>, key: Pick<PublicKey, 'spki'>): string {
  return toHex(engine.digest('sha256', utf8(publicKeyPem(key))))
}

function pemBytes(base64: string): Uint8Array {
  try {
    return fromBase64(base64)
  } catch (cause) {
    throw new SealstoneError('KEY_INVALID', `PEM holds no base64: ${excerpt(base64)}`, { cause })
  }
}

function suiteOf(oid: string, parameters: ReturnType<typeof readElements>, raw: Uint8Array): Suite {
  if (oid === EC_PUBLIC_KEY) {
    const [curve, ...rest] = parameters
    const curveOid = oidText(expectTag(curve, DER.oid, 'EC curve'))
    const suite = EC_SUITES.find((id) => PRIMITIVES[id].curveOid === curveOid)
    if (suite === undefined || rest.length > 0) throw invalid(`EC curve ${curveOid} is not supported, want P-256, P-384 or P-521`)
    return findSuite(suite)
  }
  if (oid === RSA_ENCRYPTION) {
    if (parameters.length !== 1 || parameters[0]?.tag !== DER.null || parameters[0].value.length > 0)
      throw invalid('RSA algorithm parameters are not NULL')
    const bits = rsaBits(raw)
    if (bits !== 2048 && bits !== 3072 && bits !== 4096) throw invalid(`RSA key has ${bits} bits, want 2048, 3072 or 4096`)
    return findSuite(`rsa${bits}-pss`)
  }
  if (parameters.length > 0) throw invalid('algorithm has parameters, want none')
  const suite = suiteByOid(oid)
  if (suite === undefined) throw invalid(`algorithm ${oid} is not supported`)
  return suite
}

function checkRaw(suite: Suite, raw: Uint8Array): void {
  if (suite.kind !== 'composite') return checkPrimitive(onlyPrimitive(suite), raw)
  const halves = splitPublicKey(suite, raw)
  if (halves === undefined) throw invalid(`${suite.id} public key is ${raw.length} bytes, too short for two halves`)
  checkPrimitive(suite.classical as Primitive, halves.classical)
}

function onlyPrimitive({ id, mlDsa, classical }: Suite): Primitive {
  const primitive = mlDsa === undefined ? classical : mlDsaPrimitive(mlDsa)
  if (primitive === undefined) throw new SealstoneError('INTERNAL', `suite ${id} names no primitive`)
  return primitive
}

function checkPrimitive(primitive: Primitive, raw: Uint8Array): void {
  const row = primitiveRow(primitive)
  if (row.kind === 'rsa') {
    const bits = rsaBits(raw)
    if (bits !== row.bits) throw invalid(`RSA key has ${bits} bits, want ${row.bits}`)
    return
  }
  if (raw.length !== row.publicKeyBytes) throw invalid(`${primitive} public key is ${raw.length} bytes, want ${row.publicKeyBytes}`)
  if (row.kind === 'ecdsa' && raw[0] !== 4) throw invalid(`${primitive} public key is not an uncompressed point`)
}

/** RFC 8017 appendix A.1.1: RSAPublicKey ::= SEQUENCE { modulus, publicExponent }. */
function rsaBits(raw: Uint8Array): number {
  const [modulus, exponent, ...rest] = readSequence(raw)
  const value = expectTag(modulus, DER.integer, 'RSA modulus')
  const exponentValue = expectTag(exponent, DER.integer, 'RSA exponent')
  if (rest.length > 0 || !isOddPositive(value) || !isOddPositive(exponentValue)) throw invalid('RSA key is malformed')
  // FIPS 186-5 §5.4 (e): at least 65537 for new keys; 3 is met in old ones. With 1 every message is its own signature.
  if (exponentValue.length > 8 || (exponentValue.length === 1 && exponentValue[0] === 1)) throw invalid('RSA exponent is 1 or longer than 64 bits')
  const leading = value[0] === 0 ? 1 : 0
  return (value.length - leading) * 8 - Math.clz32(value[leading] ?? 0) + 24
}

/** X.690 §8.3: no sign bit, and a leading zero byte only where the next would look negative. */
function isOddPositive(bytes: Uint8Array): boolean {
  const [first = 0x80, second = 0] = bytes
  return first < 0x80 && (first > 0 || second >= 0x80) && ((bytes.at(-1) ?? 0) & 1) === 1
}

function spkiOf(oid: Uint8Array, raw: Uint8Array, parameters: Uint8Array = new Uint8Array()): Uint8Array {
  return writeElement(DER.sequence, writeElement(DER.sequence, oid, parameters), writeElement(DER.bitString, Uint8Array.of(0), raw))
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('KEY_INVALID', message)
}

// The largest key of the table, ML-DSA-87 with RSA-4096, takes 3.2 KB.
const MAX_SPKI_BYTES = 8192
const MAX_PEM_CHARACTERS = 16_384
const EC_PUBLIC_KEY = '1.2.840.10045.2.1' // RFC 5480 §2.1.1
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1' // RFC 8017 appendix C
const EC_SUITES = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521'] as const
