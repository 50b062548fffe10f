/** ML-DSA private keys (RFC 9881 §6): all three PKCS#8 forms are read, the seed-only form is written. For import and tests. */
import { SealstoneError } from '#core'
import { DER, type DerElement, expectTag, oidText, readElements, readSequence, writeElement, writeOid } from './der.ts'
import { type Engine, EXPANDED_BYTES, type MlDsaPrivateKey, SEED_BYTES } from './engine.ts'
import { type MlDsaSet, mlDsaPrimitive, PRIMITIVES } from './primitives.ts'

/** What a PKCS#8 file holds, by its outermost structure; no secret is read. Throws KEY_INVALID for what is neither form. */
export function identifyPrivateKey(pkcs8: Uint8Array): { readonly encrypted: true } | { readonly encrypted: false; readonly oid: string } {
  const [first, second, third] = readSequence(pkcs8)
  // RFC 5958 §3, EncryptedPrivateKeyInfo: an algorithm and a string, where PrivateKeyInfo has its version first.
  if (first?.tag === DER.sequence && second?.tag === DER.octetString && third === undefined) return { encrypted: true }
  expectTag(first, DER.integer, 'version')
  const [oid] = readElements(expectTag(second, DER.sequence, 'algorithm'))
  expectTag(third, DER.octetString, 'private key')
  return { encrypted: false, oid: oidText(expectTag(oid, DER.oid, 'algorithm identifier')) }
}

/**
 * Throws KEY_INVALID if malformed, if seed and expanded key do not belong together, or if the expanded key was tampered with. Seed and expanded
 * key are copies, each in memory of its own, for the caller to wipe; after an error they are wiped here.
 */
export function parseMlDsaPrivateKey(pkcs8: Uint8Array, engine: Pick<Engine, 'acceptsPrivateKey'>): MlDsaPrivateKey {
  const [version, algorithm, privateKey, ...rest] = readSequence(pkcs8)
  const versionBytes = expectTag(version, DER.integer, 'version')
  if (versionBytes.length !== 1 || versionBytes[0] !== 0 || rest.length > 0) throw invalid('private key is not a version 0 PKCS#8 key')
  const [oidElement, ...parameters] = readElements(expectTag(algorithm, DER.sequence, 'algorithm'))
  const oid = oidText(expectTag(oidElement, DER.oid, 'algorithm identifier'))
  const set = ([44, 65, 87] as const).find((known) => PRIMITIVES[mlDsaPrimitive(known)].oid === oid)
  if (set === undefined || parameters.length > 0) throw invalid(`algorithm ${oid} is not ML-DSA without parameters`)
  const [choice, ...others] = readElements(expectTag(privateKey, DER.octetString, 'private key'))
  if (choice === undefined || others.length > 0) throw invalid('private key holds no or several forms')
  const key = { set, ...readForm(set, choice) }
  if (engine.acceptsPrivateKey(key)) return key
  key.seed?.fill(0)
  key.expanded?.fill(0)
  throw invalid('seed and expanded key do not belong together, or the expanded key is damaged')
}

/** The form that is written: 54 bytes. */
export function encodeSeedPkcs8(set: MlDsaSet, seed: Uint8Array): Uint8Array {
  return encodePkcs8({ set, seed })
}

/**
 * Whichever form the parts make; for engines that judge a key as a whole. The frame is written around zeros and the secrets are put in last, so that
 * the answer is their only copy, in memory of its own.
 */
export function encodePkcs8({ set, seed, expanded }: MlDsaPrivateKey): Uint8Array {
  const seedBytes = seed === undefined ? undefined : sized(seed, SEED_BYTES, 'seed')
  const expandedBytes = expanded === undefined ? undefined : sized(expanded, EXPANDED_BYTES[set], 'expanded key')
  const algorithm = writeElement(DER.sequence, writeOid(PRIMITIVES[mlDsaPrimitive(set)].oid))
  const frame = writeElement(DER.sequence, VERSION_0, algorithm, writeElement(DER.octetString, emptyForm(seedBytes, expandedBytes)))
  const pkcs8 = ownMemory(frame)
  if (expandedBytes !== undefined) pkcs8.set(expandedBytes, pkcs8.length - expandedBytes.length)
  // Behind the seed stands at most the expanded key with its header.
  const behind = expandedBytes === undefined ? 0 : expandedBytes.length + EXPANDED_HEADER_BYTES
  if (seedBytes !== undefined) pkcs8.set(seedBytes, pkcs8.length - behind - SEED_BYTES)
  return pkcs8
}

/** RFC 9881 §6: seed, expanded key, or both, with zeros for the secrets. */
function emptyForm(seed: Uint8Array | undefined, expanded: Uint8Array | undefined): Uint8Array {
  const [emptySeed, emptyExpanded] = [seed, expanded].map((part) => (part === undefined ? undefined : new Uint8Array(part.length)))
  if (emptySeed !== undefined && emptyExpanded !== undefined) {
    return writeElement(DER.sequence, writeElement(DER.octetString, emptySeed), writeElement(DER.octetString, emptyExpanded))
  }
  if (emptySeed !== undefined) return writeElement(DER.context0, emptySeed)
  if (emptyExpanded !== undefined) return writeElement(DER.octetString, emptyExpanded)
  throw invalid('private key has neither seed nor expanded key')
}

function readForm(set: MlDsaSet, choice: DerElement): { seed?: Uint8Array; expanded?: Uint8Array } {
  switch (choice.tag) {
    case DER.context0:
      return { seed: ownMemory(sized(choice.value, SEED_BYTES, 'seed')) }
    case DER.octetString:
      return { expanded: ownMemory(sized(choice.value, EXPANDED_BYTES[set], 'expanded key')) }
    case DER.sequence: {
      const [seedElement, expandedElement, ...rest] = readElements(choice.value)
      if (rest.length > 0) throw invalid('private key has more than seed and expanded key')
      const seed = sized(expectTag(seedElement, DER.octetString, 'seed'), SEED_BYTES, 'seed')
      const expanded = sized(expectTag(expandedElement, DER.octetString, 'expanded key'), EXPANDED_BYTES[set], 'expanded key')
      return { seed: ownMemory(seed), expanded: ownMemory(expanded) }
    }
    default:
      throw invalid(`private key form has DER tag ${choice.tag}, want seed, expanded key or both`)
  }
}

function sized(bytes: Uint8Array, want: number, what: string): Uint8Array {
  if (bytes.length !== want) throw invalid(`${what} is ${bytes.length} bytes, want ${want}`)
  return bytes
}

/** V8 moves small typed arrays about and leaves copies behind; an ArrayBuffer made first stays where it is, and can be wiped. */
function ownMemory(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('KEY_INVALID', message)
}

const EXPANDED_HEADER_BYTES = 4 // OCTET STRING with a length of two bytes
const VERSION_0 = Uint8Array.of(DER.integer, 1, 0)
