/** One row per algorithm that a token can hold: how to make its keys, read them and sign. Names are those of the suite table. */
import { createHash } from 'node:crypto'
import pkcs11js from 'pkcs11js'
import { fromHex, SealstoneError } from '#core'
import { additionalContext } from './additional-context.ts'
import { derSequenceOfIntegers, derUnwrapOctetString, ecdsaDer } from './der.ts'

export interface AlgorithmRow {
  readonly generate: pkcs11js.Mechanism
  readonly keyType: number
  /** What the token must claim to make; absent where tokens do not agree on how to say it. */
  readonly keyBits?: number
  /** Attributes that shape the public key when it is made. */
  readonly publicTemplate: pkcs11js.Template
  /** Attributes that hold the public key. */
  readonly publicAttributes: readonly number[]
  /** Those attributes as the raw public key: `04‖X‖Y`, the Ed25519 point, PKCS#1 RSAPublicKey, or FIPS 204 `pk`. */
  readonly publicKey: (values: readonly Buffer[]) => Uint8Array
  readonly sign: pkcs11js.Mechanism
  /** The parameter of `sign` for a context; only where the algorithm takes one. */
  readonly context?: (ctx: Uint8Array) => Buffer
  /** What the token is given: the digest, or for Ed25519 and ML-DSA the message itself. */
  readonly input: (message: Uint8Array) => Uint8Array
  readonly signatureBytes: number
  /** The token's form of a signature as the standard's: r‖s → DER for ECDSA. */
  readonly signature: (raw: Uint8Array) => Uint8Array
}

const TOKEN_ALGORITHMS = {
  'ecdsa-p256': ecdsa('06082a8648ce3d030107', 256, 'sha256'),
  'ecdsa-p384': ecdsa('06052b81040022', 384, 'sha384'),
  'ecdsa-p521': ecdsa('06052b81040023', 521, 'sha512'),
  ed25519: {
    generate: { mechanism: 0x1055 }, // CKM_EC_EDWARDS_KEY_PAIR_GEN, PKCS#11 3.0 §2.3.5
    keyType: 0x40, // CKK_EC_EDWARDS
    // PKCS#11 3.0 §2.3.10: the curve as PrintableString "edwards25519".
    publicTemplate: [{ type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from('130c656477617264733235353139', 'hex') }],
    publicAttributes: [pkcs11js.CKA_EC_POINT],
    publicKey: ([point]) => derUnwrapOctetString(point as Buffer, 32),
    sign: { mechanism: 0x1057 }, // CKM_EDDSA
    input: (message) => message,
    signatureBytes: 64,
    signature: (raw) => raw,
  },
  'rsa3072-pss': rsaPssSha256(3072),
  // PKCS#11 3.2 §6.67, CK_ML_DSA_PARAMETER_SET_TYPE; sizes FIPS 204 table 2.
  'ml-dsa-44': mlDsa(1, 1312, 2420),
  'ml-dsa-65': mlDsa(2, 1952, 3309),
  'ml-dsa-87': mlDsa(3, 2592, 4627),
} as const satisfies Record<string, AlgorithmRow>

export function findAlgorithm(name: string): AlgorithmRow {
  if (!Object.hasOwn(TOKEN_ALGORITHMS, name)) {
    throw new SealstoneError('SUITE_UNSUPPORTED', `no token key of type ${name}, want one of ${Object.keys(TOKEN_ALGORITHMS).join(', ')}`)
  }
  return TOKEN_ALGORITHMS[name as keyof typeof TOKEN_ALGORITHMS]
}

/** By what the token says of a key: its type, and for curves its CKA_EC_PARAMS. Undefined for anything else. */
export function algorithmOf(keyType: number, ecParams: Uint8Array | undefined, modulusBits: number | undefined): string | undefined {
  return Object.entries(TOKEN_ALGORITHMS).find(([, row]: [string, AlgorithmRow]) => {
    if (row.keyType !== keyType) return false
    const wanted = row.publicTemplate.find(({ type }) => type === pkcs11js.CKA_EC_PARAMS)?.value
    if (Buffer.isBuffer(wanted)) return ecParams !== undefined && (wanted.equals(ecParams) || isEdwardsOid(row, ecParams))
    return modulusBits !== undefined && 8 * row.signatureBytes === modulusBits
  })?.[0]
}

/** RFC 8410 §3: some tokens name the curve by its OID 1.3.101.112 and not by its name. */
function isEdwardsOid({ keyType }: AlgorithmRow, ecParams: Uint8Array): boolean {
  return keyType === 0x40 && Buffer.from('06032b6570', 'hex').equals(ecParams)
}

/** SoftHSM has raw ECDSA only, so every token gets a digest (CKM_ECDSA) and gives back r‖s. */
function ecdsa(curveOidDer: string, keyBits: number, hash: string): AlgorithmRow {
  const fieldBytes = Math.ceil(keyBits / 8)
  return {
    generate: { mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN },
    keyType: pkcs11js.CKK_EC,
    keyBits,
    publicTemplate: [{ type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(fromHex(curveOidDer)) }],
    publicAttributes: [pkcs11js.CKA_EC_POINT],
    publicKey: ([point]) => derUnwrapOctetString(point as Buffer, 1 + 2 * fieldBytes),
    sign: { mechanism: pkcs11js.CKM_ECDSA },
    input: (message) => createHash(hash).update(message).digest(),
    signatureBytes: 2 * fieldBytes,
    signature: (raw) => ecdsaDer(raw, fieldBytes),
  }
}

/** RFC 8017 §8.1 with SHA-256, MGF1 over the same hash, a salt of its length, and the public exponent 65537. */
function rsaPssSha256(bits: number): AlgorithmRow {
  const parameter: pkcs11js.RsaPSS = { type: pkcs11js.CK_PARAMS_RSA_PSS, hashAlg: pkcs11js.CKM_SHA256, mgf: pkcs11js.CKG_MGF1_SHA256, saltLen: 32 }
  return {
    generate: { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN },
    keyType: pkcs11js.CKK_RSA,
    keyBits: bits,
    publicTemplate: [
      { type: pkcs11js.CKA_MODULUS_BITS, value: bits },
      { type: pkcs11js.CKA_PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
    ],
    publicAttributes: [pkcs11js.CKA_MODULUS, pkcs11js.CKA_PUBLIC_EXPONENT],
    publicKey: (values) => derSequenceOfIntegers(values), // RSAPublicKey ::= SEQUENCE { modulus, publicExponent }
    sign: { mechanism: pkcs11js.CKM_RSA_PKCS_PSS, parameter },
    input: (message) => createHash('sha256').update(message).digest(),
    signatureBytes: bits / 8,
    signature: (raw) => raw,
  }
}

function mlDsa(parameterSet: number, publicKeyBytes: number, signatureBytes: number): AlgorithmRow {
  return {
    generate: { mechanism: 0x1c }, // CKM_ML_DSA_KEY_PAIR_GEN
    keyType: 0x4a, // CKK_ML_DSA
    publicTemplate: [{ type: 0x61d, value: parameterSet }], // CKA_PARAMETER_SET
    publicAttributes: [pkcs11js.CKA_VALUE],
    publicKey: ([value]) => {
      const raw = value as Buffer
      if (raw.length !== publicKeyBytes)
        throw new SealstoneError('TOKEN_KEY_MISMATCH', `the token's public key is ${raw.length} bytes, want ${publicKeyBytes}`)
      return Uint8Array.from(raw)
    },
    sign: { mechanism: 0x1d }, // CKM_ML_DSA
    context: additionalContext,
    input: (message) => message,
    signatureBytes,
    signature: (raw) => raw,
  }
}
