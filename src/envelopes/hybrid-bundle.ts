/** `model.hybrid.sig`: a bundle with the same payload and one signature of the key itself, the audit receipt and how the key is protected. docs/format.md */
import {
  canonicalJson,
  equalBytes,
  fromHex,
  type JsonObject,
  type JsonValue,
  type KeyName,
  type KeyProtection,
  keyProtectionJson,
  LIMITS,
  parseKeyName,
  parseKeyProtection,
  parseStrictObject,
  readArray,
  readBytes,
  readChoice,
  readObject,
  readText,
  readWholeNumber,
  SealstoneError,
  toBase64,
  utf8,
} from '#core'
import { findSuite, type PublicKey, type Suite } from '#suites'
import { type Leaf, parseLeaf, parseTlogProof, type Receipt, type TlogProof } from '#tlog'
import { BUNDLE_MEDIA_TYPE, type OmsBundle, omsBundleJson, parseBundleJson } from './oms-bundle.ts'
import { keyFingerprint } from './trust/key-fingerprint.ts'

export const HYBRID_MEDIA_TYPE = 'application/vnd.sealstone.hybrid.v1+json'

export interface HybridBundle {
  readonly bundle: OmsBundle & { readonly material: { readonly kind: 'hint' } }
  readonly keyName: KeyName
  readonly keyVersion: number
  readonly suite: Suite
  /** Hex SHA-256 of the key's SPKI DER. */
  readonly fingerprint: string
  readonly protection: KeyProtection
  readonly receipt: Receipt
  /** The receipt's leaf, parsed. */
  readonly leaf: Leaf
  /** The receipt's proof, parsed and not verified. */
  readonly proof: TlogProof
}

export interface HybridBundleParts {
  readonly payload: Uint8Array
  /** By the key itself: composite, pure ML-DSA or classical, as its suite says. */
  readonly signature: Uint8Array
  readonly key: PublicKey
  readonly keyName: KeyName
  readonly keyVersion: number
  readonly receipt: Receipt
  /** The same statement as in the receipt's leaf. */
  readonly protection: KeyProtection
}

/** The content of `model.hybrid.sig`. */
export function writeHybridBundle(parts: HybridBundleParts): Uint8Array {
  const document: JsonObject = {
    mediaType: HYBRID_MEDIA_TYPE,
    key: { name: parts.keyName, version: parts.keyVersion, suite: parts.key.suite.id, fingerprint: keyFingerprint(parts.key) },
    bundle: omsBundleJson(parts),
    protection: keyProtectionJson(parts.protection),
    receipt: { leaf: toBase64(parts.receipt.leaf), proof: parts.receipt.proof },
  }
  return utf8(`${JSON.stringify(document)}\n`)
}

/**
 * Strict: unknown members, names twice, non-canonical base64 and trailing bytes are refused, and so is a protection that is not the leaf's.
 * Verifies nothing. Throws JSON_INVALID, FORMAT_INVALID, INPUT_INVALID, SUITE_UNKNOWN, INPUT_TOO_LARGE.
 */
export function parseHybridBundle(bytes: Uint8Array): HybridBundle {
  return parseHybridBundleJson(parseStrictObject(bytes, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth }))
}

export function parseHybridBundleJson(document: JsonObject): HybridBundle {
  readObject(document, 'hybrid bundle', ['mediaType', 'key', 'bundle', 'protection', 'receipt'])
  readChoice(document, 'mediaType', [HYBRID_MEDIA_TYPE])
  const key = readObject(document['key'], 'key', ['name', 'version', 'suite', 'fingerprint'])
  const fingerprint = readText(key, 'fingerprint', 64)
  fromHex(fingerprint, 32)
  const receipt = readObject(document['receipt'], 'receipt', ['leaf', 'proof'])
  const leafBytes = readBytes(receipt, 'leaf', LIMITS.leafBytes)
  const proofText = readText(receipt, 'proof', LIMITS.bundleBytes)
  const protection = parseKeyProtection(document['protection'])
  const leaf = parseLeaf(leafBytes)
  if (!sameProtection(protection, leaf.keyProtection)) throw new SealstoneError('FORMAT_INVALID', "protection is not the one of the receipt's leaf")
  return {
    bundle: parseInnerBundle(document['bundle']),
    keyName: parseKeyName(readText(key, 'name', 63)),
    keyVersion: readWholeNumber(key, 'version', 1),
    suite: findSuite(readText(key, 'suite', 64)),
    fingerprint,
    protection,
    receipt: { leaf: leafBytes, proof: proofText },
    leaf,
    proof: parseTlogProof(proofText),
  }
}

/**
 * The same document with a newer proof for the same leaf: the receipt is signed by the log and its witnesses, and by nothing of the rest.
 * Throws INPUT_INVALID for the receipt of another entry, and what `parseHybridBundle` throws.
 */
export function replaceReceipt(bytes: Uint8Array, receipt: Receipt): Uint8Array {
  const document = parseStrictObject(bytes, { maxBytes: LIMITS.bundleBytes, maxDepth: LIMITS.jsonDepth })
  const before = parseHybridBundleJson(document)
  const isSame = equalBytes(before.receipt.leaf, receipt.leaf) && before.proof.index === parseTlogProof(receipt.proof).index
  if (!isSame) throw new SealstoneError('INPUT_INVALID', `the receipt is not of entry ${before.proof.index}, or its leaf is another`)
  return utf8(`${JSON.stringify({ ...document, receipt: { leaf: toBase64(receipt.leaf), proof: receipt.proof } })}\n`)
}

/** Only the one form that we write: what Sigstore leaves open in foreign bundles is closed here. */
function parseInnerBundle(value: JsonValue | undefined): HybridBundle['bundle'] {
  const bundle = parseBundleJson(value)
  const object = value as JsonObject // parsed above
  readChoice(object, 'mediaType', [BUNDLE_MEDIA_TYPE])
  const material = readObject(object['verificationMaterial'], 'verificationMaterial', ['publicKey', 'tlogEntries'])
  const publicKey = readObject(material['publicKey'], 'publicKey', ['hint'])
  fromHex(readText(publicKey, 'hint', 64), 32)
  readArray(material, 'tlogEntries', 0, 0)
  const [signature] = (object['dsseEnvelope'] as { readonly signatures: readonly JsonObject[] }).signatures
  if (signature?.['keyid'] !== '') throw new SealstoneError('FORMAT_INVALID', 'keyid is not empty')
  if (bundle.material.kind !== 'hint') throw new SealstoneError('FORMAT_INVALID', 'hybrid bundle names its key in another way than by a hint')
  return { ...bundle, material: bundle.material }
}

function sameProtection(left: KeyProtection, right: KeyProtection | undefined): boolean {
  return right !== undefined && canonicalJson(keyProtectionJson(left)) === canonicalJson(keyProtectionJson(right))
}
