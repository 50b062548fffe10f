/** One row per primitive algorithm: sizes, curve, hash, padding. Nothing below this table names an algorithm. Sizes in bytes. */

export type MlDsaSet = 44 | 65 | 87
/** SHAKE256 gives 64 bytes here (draft-ietf-lamps-pq-composite-sigs: SHAKE256/64). */
export type HashName = 'sha256' | 'sha384' | 'sha512' | 'shake256'
export type Primitive = keyof typeof PRIMITIVES

export interface FixedSizeRow {
  readonly kind: 'ml-dsa' | 'slh-dsa' | 'eddsa'
  readonly oid: string
  readonly publicKeyBytes: number
  readonly signatureBytes: number
}
export interface EcdsaRow {
  readonly kind: 'ecdsa'
  readonly curve: 'P-256' | 'P-384' | 'P-521' | 'brainpoolP256r1' | 'brainpoolP384r1'
  readonly curveOid: string
  readonly publicKeyBytes: number
  /** Longest DER form. */
  readonly signatureBytes: number
  readonly hash: HashName
}
export interface RsaRow {
  readonly kind: 'rsa'
  readonly bits: number
  readonly padding: 'pss' | 'pkcs15'
  readonly hash: HashName
  readonly signatureBytes: number
}
export type PrimitiveRow = FixedSizeRow | EcdsaRow | RsaRow

export const PRIMITIVES = {
  // FIPS 204 table 2; OIDs RFC 9881 §2.
  'ml-dsa-44': fixed('ml-dsa', '2.16.840.1.101.3.4.3.17', 1312, 2420),
  'ml-dsa-65': fixed('ml-dsa', '2.16.840.1.101.3.4.3.18', 1952, 3309),
  'ml-dsa-87': fixed('ml-dsa', '2.16.840.1.101.3.4.3.19', 2592, 4627),
  // FIPS 205 table 2; OIDs RFC 9909 §3.
  'slh-dsa-sha2-128s': fixed('slh-dsa', '2.16.840.1.101.3.4.3.20', 32, 7856),
  'slh-dsa-sha2-128f': fixed('slh-dsa', '2.16.840.1.101.3.4.3.21', 32, 17088),
  'slh-dsa-sha2-192s': fixed('slh-dsa', '2.16.840.1.101.3.4.3.22', 48, 16224),
  'slh-dsa-sha2-192f': fixed('slh-dsa', '2.16.840.1.101.3.4.3.23', 48, 35664),
  'slh-dsa-sha2-256s': fixed('slh-dsa', '2.16.840.1.101.3.4.3.24', 64, 29792),
  'slh-dsa-sha2-256f': fixed('slh-dsa', '2.16.840.1.101.3.4.3.25', 64, 49856),
  'slh-dsa-shake-128s': fixed('slh-dsa', '2.16.840.1.101.3.4.3.26', 32, 7856),
  'slh-dsa-shake-128f': fixed('slh-dsa', '2.16.840.1.101.3.4.3.27', 32, 17088),
  'slh-dsa-shake-192s': fixed('slh-dsa', '2.16.840.1.101.3.4.3.28', 48, 16224),
  'slh-dsa-shake-192f': fixed('slh-dsa', '2.16.840.1.101.3.4.3.29', 48, 35664),
  'slh-dsa-shake-256s': fixed('slh-dsa', '2.16.840.1.101.3.4.3.30', 64, 29792),
  'slh-dsa-shake-256f': fixed('slh-dsa', '2.16.840.1.101.3.4.3.31', 64, 49856),
  // RFC 8032; OIDs RFC 8410 §3.
  ed25519: fixed('eddsa', '1.3.101.112', 32, 64),
  ed448: fixed('eddsa', '1.3.101.113', 57, 114),
  // Curves: RFC 5480 §2.1.1.1, RFC 5639 §4.1.
  'ecdsa-p256': ecdsa('P-256', '1.2.840.10045.3.1.7', 256, 'sha256'),
  'ecdsa-p384': ecdsa('P-384', '1.3.132.0.34', 384, 'sha384'),
  'ecdsa-p521': ecdsa('P-521', '1.3.132.0.35', 521, 'sha512'),
  'ecdsa-bp256': ecdsa('brainpoolP256r1', '1.3.36.3.3.2.8.1.1.7', 256, 'sha256'),
  'ecdsa-bp384': ecdsa('brainpoolP384r1', '1.3.36.3.3.2.8.1.1.11', 384, 'sha384'),
  // RFC 8017; MGF1 over the same hash, salt as long as the hash.
  'rsa2048-pss': rsa(2048, 'pss', 'sha256'),
  'rsa3072-pss': rsa(3072, 'pss', 'sha256'),
  'rsa4096-pss': rsa(4096, 'pss', 'sha384'),
  'rsa2048-pkcs15': rsa(2048, 'pkcs15', 'sha256'),
  'rsa3072-pkcs15': rsa(3072, 'pkcs15', 'sha256'),
  'rsa4096-pkcs15': rsa(4096, 'pkcs15', 'sha384'),
} as const satisfies Record<string, PrimitiveRow>

export function primitiveRow(primitive: Primitive): PrimitiveRow {
  return PRIMITIVES[primitive]
}

export function mlDsaPrimitive(set: MlDsaSet): 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' {
  return `ml-dsa-${set}`
}

/** Lengths that no signature or key of this primitive can have are refused before any engine sees the bytes. */
export function plausibleSizes(primitive: Primitive, publicKey: Uint8Array, signature: Uint8Array): boolean {
  const row = primitiveRow(primitive)
  switch (row.kind) {
    case 'ecdsa':
      return publicKey.length === row.publicKeyBytes && publicKey[0] === 4 && signature.length <= row.signatureBytes
    case 'rsa':
      return signature.length === row.signatureBytes
    default:
      return publicKey.length === row.publicKeyBytes && signature.length === row.signatureBytes
  }
}

function fixed(kind: FixedSizeRow['kind'], oid: string, publicKeyBytes: number, signatureBytes: number): FixedSizeRow {
  return { kind, oid, publicKeyBytes, signatureBytes }
}

function ecdsa(curve: EcdsaRow['curve'], curveOid: string, bits: number, hash: HashName): EcdsaRow {
  const integers = 2 * (2 + Math.floor(bits / 8) + 1) // a sign bit makes a whole number of bytes one longer
  return { kind: 'ecdsa', curve, curveOid, publicKeyBytes: 1 + 2 * Math.ceil(bits / 8), signatureBytes: integers + (integers > 127 ? 3 : 2), hash }
}

function rsa(bits: number, padding: RsaRow['padding'], hash: HashName): RsaRow {
  return { kind: 'rsa', bits, padding, hash, signatureBytes: bits / 8 }
}
