/** The trust file as a document: its members in canonical JSON under the signatures of both log keys. docs/trust-file.schema.json */
import {
  canonicalJsonBytes,
  type JsonObject,
  LIMITS,
  parseStrictObject,
  readArray,
  readBytes,
  readChoice,
  readObject,
  SealstoneError,
  toBase64,
  toSealstoneError,
  utf8,
} from '#core'
import type { Engine } from '#suites'
import { type LogKeyType, parseVerifierKey } from '#tlog'
import { pae } from '../dsse.ts'
import { parseTrustJson } from './read-trust.ts'
import { type TrustFile, trustJson } from './trust-file.ts'

export type TrustSignatures = Readonly<Record<LogKeyType, Uint8Array>>

export interface SignedTrust {
  readonly trust: TrustFile
  readonly signatures: TrustSignatures
}

/**
 * What both log keys sign: DSSE's pre-authentication encoding of the canonical JSON (RFC 8785). It begins with `DSSEv1 `, as no checkpoint
 * and no cosigned message does, so a signature of one kind is never one of the other.
 */
export function trustSignedBytes(trust: TrustFile): Uint8Array {
  return pae(TRUST_PAYLOAD_TYPE, canonicalJsonBytes(trustJson(trust)))
}

export function writeTrustFile(trust: TrustFile, signatures: TrustSignatures): Uint8Array {
  const document: JsonObject = {
    ...trustJson(trust),
    signatures: KEY_TYPES.map((algorithm) => ({ algorithm, signature: toBase64(signatures[algorithm]) })),
  }
  return utf8(`${JSON.stringify(document, undefined, 2)}\n`)
}

/** Strict, and both signatures must verify under the log keys that the file itself names. Throws TRUST_INVALID with the reason, whatever is wrong with it. */
export function parseTrustFile(bytes: Uint8Array, engine: Engine): TrustFile {
  try {
    const { trust, signatures } = parseSignedTrust(bytes)
    checkSignatures(engine, trust, signatures)
    return trust
  } catch (cause) {
    throw new SealstoneError('TRUST_INVALID', `trust file: ${toSealstoneError(cause).message}`, { cause })
  }
}

/** Verifies nothing. */
function parseSignedTrust(bytes: Uint8Array): SignedTrust {
  const { signatures, ...members } = parseStrictObject(bytes, { maxBytes: LIMITS.trustFileBytes, maxDepth: 8, maxValues: 200_000 })
  const trust = parseTrustJson(members)
  const entries = readArray({ signatures: signatures ?? null }, 'signatures', 2, 2).map((value) => {
    const entry = readObject(value, 'signature', ['algorithm', 'signature'])
    return [readChoice(entry, 'algorithm', KEY_TYPES), readBytes(entry, 'signature', MAX_SIGNATURE_BYTES)] as const
  })
  const byType = new Map(entries)
  const [ed25519, mlDsa44] = KEY_TYPES.map((type) => byType.get(type))
  if (ed25519 === undefined || mlDsa44 === undefined)
    throw new SealstoneError('TRUST_INVALID', 'a signature is there twice, want one of each log key')
  return { trust, signatures: { ed25519, 'ml-dsa-44': mlDsa44 } }
}

function checkSignatures(engine: Engine, trust: TrustFile, signatures: TrustSignatures): void {
  const signedBytes = trustSignedBytes(trust)
  // Both are evaluated, and there is one answer for either.
  const verified = trust.log.keys.map(parseVerifierKey).map(({ type, publicKey }) => engine.verify(type, publicKey, signedBytes, signatures[type]))
  if (verified.includes(false)) throw new SealstoneError('TRUST_INVALID', 'the signatures of the log keys do not verify: it was changed')
}

const TRUST_PAYLOAD_TYPE = 'application/vnd.sealstone.trust.v2+json'
const KEY_TYPES = ['ed25519', 'ml-dsa-44'] as const satisfies readonly LogKeyType[]
const MAX_SIGNATURE_BYTES = 2420 // FIPS 204 table 2: ML-DSA-44
