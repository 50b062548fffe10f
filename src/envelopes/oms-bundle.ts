/** The Sigstore bundle as OMS uses it (`model.sig`): written in the one form of v1.0, read in all forms that were ever published. */
import {
  excerpt,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LIMITS,
  parseStrictObject,
  readArray,
  readBytes,
  readObject,
  readText,
  SealstoneError,
  toBase64,
  utf8,
} from '#core'
import type { PublicKey } from '#suites'
import { STATEMENT_PAYLOAD_TYPE } from './dsse.ts'
import { keyHint } from './sha256.ts'

export type VerificationMaterial =
  /** Hex SHA-256 of the PEM text; other tools may write other hints. */
  | { readonly kind: 'hint'; readonly hint: string }
  /** Until 1.0.1: the key itself, PEM or DER. */
  | { readonly kind: 'public-key'; readonly rawBytes: Uint8Array }
  /** DER, leaf first. */
  | { readonly kind: 'certificates'; readonly certificates: readonly Uint8Array[] }
  /** A short-lived certificate and its transparency log entries. */
  | { readonly kind: 'keyless'; readonly certificate: Uint8Array }

export interface OmsBundle {
  readonly material: VerificationMaterial
  readonly payloadType: string
  /** The signed bytes, as sent. */
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

export interface OmsBundleParts {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly key: PublicKey
}

/** The content of `model.sig`. */
export function writeOmsBundle(parts: OmsBundleParts): Uint8Array {
  return utf8(`${JSON.stringify(omsBundleJson(parts))}\n`)
}

export function omsBundleJson({ payload, signature, key }: OmsBundleParts): JsonObject {
  return {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: keyHint(key) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: toBase64(payload),
      payloadType: STATEMENT_PAYLOAD_TYPE,
      signatures: [{ sig: toBase64(signature), keyid: '' }],
    },
  }
}

/** Throws JSON_INVALID, FORMAT_INVALID, INPUT_TOO_LARGE. */
export function parseBundle(bytes: Uint8Array): OmsBundle {
  return parseBundleJson(parseStrictObject(bytes, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth }))
}

export function parseBundleJson(value: JsonValue | undefined): OmsBundle {
  const bundle = readObject(value, 'bundle', ['mediaType', 'verificationMaterial', 'dsseEnvelope'])
  const mediaType = readText(bundle, 'mediaType', 255)
  if (!mediaType.startsWith('application/vnd.dev.sigstore.bundle')) throw invalid(`mediaType is ${excerpt(mediaType)}, want a Sigstore bundle`)
  return { material: parseMaterial(bundle['verificationMaterial']), ...parseEnvelope(bundle['dsseEnvelope']) }
}

function parseEnvelope(value: JsonValue | undefined): Omit<OmsBundle, 'material'> {
  const envelope = readObject(value, 'dsseEnvelope', ['payload', 'payloadType', 'signatures'])
  const payloadType = readText(envelope, 'payloadType', 255)
  if (payloadType !== STATEMENT_PAYLOAD_TYPE) throw invalid(`payloadType is ${excerpt(payloadType)}, want ${STATEMENT_PAYLOAD_TYPE}`)
  const [entry] = readArray(envelope, 'signatures', 1, 1)
  const signature = readObject(entry, 'signature', ['sig'], ['keyid'])
  const keyId = signature['keyid']
  if (keyId !== undefined && keyId !== null && typeof keyId !== 'string') throw invalid('keyid is neither a string nor null')
  return { payloadType, payload: readBytes(envelope, 'payload', LIMITS.payloadBytes), signature: readBytes(signature, 'sig', MAX_SIGNATURE_BYTES) }
}

function parseMaterial(value: JsonValue | undefined): VerificationMaterial {
  const material = isObject(value, 'verificationMaterial')
  const kinds = ['publicKey', 'x509CertificateChain', 'certificate'].filter((name) => material[name] !== undefined)
  if (kinds.length !== 1) throw invalid(`verificationMaterial holds ${kinds.join(' and ') || 'no key or certificate'}, want exactly one`)
  if (material['publicKey'] !== undefined) return parsePublicKeyMaterial(material['publicKey'])
  if (material['certificate'] !== undefined) {
    readArray(material, 'tlogEntries', 1, 64) // keyless without a log entry proves nothing
    return { kind: 'keyless', certificate: readCertificate(material['certificate']) }
  }
  const chain = isObject(material['x509CertificateChain'], 'x509CertificateChain')
  return { kind: 'certificates', certificates: readArray(chain, 'certificates', 1, LIMITS.certificateChain).map(readCertificate) }
}

function parsePublicKeyMaterial(value: JsonValue): VerificationMaterial {
  const key = isObject(value, 'publicKey')
  if (key['hint'] !== undefined) return { kind: 'hint', hint: readText(key, 'hint', 255) }
  return { kind: 'public-key', rawBytes: readBytes(key, 'rawBytes', 16_384) }
}

function readCertificate(value: JsonValue): Uint8Array {
  return readBytes(isObject(value, 'certificate'), 'rawBytes', 65_536)
}

/** Sigstore's own objects may grow members (the specification leaves them open). */
function isObject(value: JsonValue | undefined, what: string): JsonObject {
  if (!isJsonObject(value)) throw invalid(`${what} is not an object`)
  return value
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
/** The largest signature of any suite is SLH-DSA-256f with 49,856 bytes. */
const MAX_SIGNATURE_BYTES = 65_536
