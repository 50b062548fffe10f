/** ML-DSA private keys (RFC 9881 §6): all three PKCS#8 forms are read, the seed-only form is written. For import and tests. */
import { concatBytes, SealstoneError } from '#core'
import { DER, type DerElement, expectTag, oidText, readElements, readSequence, writeElement, writeOid } from './der.ts'
import { type MlDsaSet, mlDsaPrimitive, PRIMITIVES } from './primitives.ts'

/** Expands a seed to the FIPS 204 private key; only the portable engine can. */
export interface SeedExpander {
  expandSeed(set: MlDsaSet, seed: Uint8Array): Uint8Array
}

export interface MlDsaPrivateKey {
  readonly set: MlDsaSet
  /** 32 bytes; absent in the expanded-only form. */
  readonly seed?: Uint8Array
  /** FIPS 204 `sk`; absent in the seed-only form. */
  readonly expanded?: Uint8Array
}

/** Throws KEY_INVALID if malformed, or if seed and expanded key of the `both` form do not belong together. */
export function parseMlDsaPrivateKey(pkcs8: Uint8Array, expander: SeedExpander): MlDsaPrivateKey {
  const [version, algorithm, privateKey, ...rest] = readSequence(pkcs8)
  const versionBytes = expectTag(version, DER.integer, 'version')
  if (versionBytes.length !== 1 || versionBytes[0] !== 0 || rest.length > 0) throw invalid('private key is not a version 0 PKCS#8 key')
  const [oidElement, ...parameters] = readElements(expectTag(algorithm, DER.sequence, 'algorithm'))
  const oid = oidText(expectTag(oidElement, DER.oid, 'algorithm identifier'))
  const set = ([44, 65, 87] as const).find((known) => PRIMITIVES[mlDsaPrimitive(known)].oid === oid)
  if (set === undefined || parameters.length > 0) throw invalid(`algorithm ${oid} is not ML-DSA without parameters`)
  const [choice, ...others] = readElements(expectTag(privateKey, DER.octetString, 'private key'))
  if (choice === undefined || others.length > 0) throw invalid('private key holds no or several forms')
  return { set, ...readForm(set, choice, expander) }
}

/** 54 bytes. */
export function encodeSeedPkcs8(set: MlDsaSet, seed: Uint8Array): Uint8Array {
  checkLength(seed, SEED_BYTES, 'seed')
  const algorithm = writeElement(DER.sequence, writeOid(PRIMITIVES[mlDsaPrimitive(set)].oid))
  return writeElement(DER.sequence, VERSION_0, algorithm, writeElement(DER.octetString, writeElement(DER.context0, seed)))
}

function readForm(set: MlDsaSet, choice: DerElement, expander: SeedExpander): { seed?: Uint8Array; expanded?: Uint8Array } {
  switch (choice.tag) {
    case DER.context0:
      return { seed: checkLength(choice.value, SEED_BYTES, 'seed') }
    case DER.octetString:
      return { expanded: checkLength(choice.value, EXPANDED_BYTES[set], 'expanded key') }
    case DER.sequence: {
      const [seedElement, expandedElement, ...rest] = readElements(choice.value)
      const seed = checkLength(expectTag(seedElement, DER.octetString, 'seed'), SEED_BYTES, 'seed')
      const expanded = checkLength(expectTag(expandedElement, DER.octetString, 'expanded key'), EXPANDED_BYTES[set], 'expanded key')
      if (rest.length > 0) throw invalid('private key has more than seed and expanded key')
      if (!sameSecret(expander.expandSeed(set, seed), expanded)) throw invalid('seed and expanded key do not belong together')
      return { seed, expanded }
    }
    default:
      throw invalid(`private key form has DER tag ${choice.tag}, want seed, expanded key or both`)
  }
}

/** Takes the same time wherever the bytes differ. */
function sameSecret(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0)
  return difference === 0
}

function checkLength(bytes: Uint8Array, want: number, what: string): Uint8Array {
  if (bytes.length !== want) throw invalid(`${what} is ${bytes.length} bytes, want ${want}`)
  return concatBytes(bytes)
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('KEY_INVALID', message)
}

const SEED_BYTES = 32
const EXPANDED_BYTES = { 44: 2560, 65: 4032, 87: 4896 } as const // FIPS 204 table 2
const VERSION_0 = Uint8Array.of(DER.integer, 1, 0)
