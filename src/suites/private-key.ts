/** ML-DSA private keys (RFC 9881 §6): all three PKCS#8 forms are read, the seed-only form is written. For import and tests. */
import { concatBytes, SealstoneError } from '#core'
import { DER, type DerElement, expectTag, oidText, readElements, readSequence, writeElement, writeOid } from './der.ts'
import { type Engine, EXPANDED_BYTES, type MlDsaPrivateKey, SEED_BYTES } from './engine.ts'
import { type MlDsaSet, mlDsaPrimitive, PRIMITIVES } from './primitives.ts'

/** Throws KEY_INVALID if malformed, if seed and expanded key do not belong together, or if the expanded key was tampered with. */
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
  if (!engine.acceptsPrivateKey(key)) throw invalid('seed and expanded key do not belong together, or the expanded key is damaged')
  return key
}

/** The form that is written: 54 bytes. */
export function encodeSeedPkcs8(set: MlDsaSet, seed: Uint8Array): Uint8Array {
  return encodePkcs8({ set, seed })
}

/** Whichever form the parts make; for engines that judge a key as a whole. */
export function encodePkcs8({ set, seed, expanded }: MlDsaPrivateKey): Uint8Array {
  const parts = [
    ...(seed === undefined ? [] : [checkLength(seed, SEED_BYTES, 'seed')]),
    ...(expanded === undefined ? [] : [checkLength(expanded, EXPANDED_BYTES[set], 'expanded key')]),
  ].map((part) => writeElement(DER.octetString, part))
  const form =
    seed !== undefined && expanded === undefined
      ? writeElement(DER.context0, seed)
      : parts.length === 2
        ? writeElement(DER.sequence, ...parts)
        : parts[0]
  if (form === undefined) throw invalid('private key has neither seed nor expanded key')
  const algorithm = writeElement(DER.sequence, writeOid(PRIMITIVES[mlDsaPrimitive(set)].oid))
  return writeElement(DER.sequence, VERSION_0, algorithm, writeElement(DER.octetString, form))
}

function readForm(set: MlDsaSet, choice: DerElement): { seed?: Uint8Array; expanded?: Uint8Array } {
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
      return { seed, expanded }
    }
    default:
      throw invalid(`private key form has DER tag ${choice.tag}, want seed, expanded key or both`)
  }
}

function checkLength(bytes: Uint8Array, want: number, what: string): Uint8Array {
  if (bytes.length !== want) throw invalid(`${what} is ${bytes.length} bytes, want ${want}`)
  return concatBytes(bytes)
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('KEY_INVALID', message)
}

const VERSION_0 = Uint8Array.of(DER.integer, 1, 0)
