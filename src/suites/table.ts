/** One row per signature suite. The table is the only place that names them. */
import { SealstoneError } from '#core'
import type { HashName, MlDsaSet, Primitive } from './primitives.ts'

export interface SuiteRow {
  readonly oid: string
  /** Composite Label (draft-ietf-lamps-pq-composite-sigs §6), else the algorithm's name. */
  readonly label: string
  readonly kind: 'composite' | 'ml-dsa' | 'slh-dsa' | 'classical'
  /** Sealstone makes keys of this suite; all rows verify. */
  readonly canSign: boolean
  readonly mlDsa?: MlDsaSet
  /** The classical half, or the only primitive of a classical or SLH-DSA suite. */
  readonly classical?: Primitive
  readonly preHash?: HashName
  /** Suite of the companion key that signs `model.sig`. */
  readonly companion?: 'ecdsa-p256' | 'ecdsa-p384'
}

export type SuiteId = keyof typeof SUITES
export interface Suite extends SuiteRow {
  readonly id: SuiteId
  /** Both a quantum-safe and a classical half. */
  readonly hybrid: boolean
}

const SUITES = {
  // draft-ietf-lamps-pq-composite-sigs-19 §6; OIDs under 1.3.6.1.5.5.7.6.
  'mldsa44-rsa2048-pss': composite(37, 'MLDSA44-RSA2048-PSS-SHA256', 44, 'rsa2048-pss', 'sha256'),
  'mldsa44-rsa2048-pkcs15': composite(38, 'MLDSA44-RSA2048-PKCS15-SHA256', 44, 'rsa2048-pkcs15', 'sha256'),
  'mldsa44-ed25519': composite(39, 'MLDSA44-Ed25519-SHA512', 44, 'ed25519', 'sha512'),
  'mldsa44-ecdsa-p256': composite(40, 'MLDSA44-ECDSA-P256-SHA256', 44, 'ecdsa-p256', 'sha256'),
  'mldsa65-rsa3072-pss': { ...composite(41, 'MLDSA65-RSA3072-PSS-SHA512', 65, 'rsa3072-pss', 'sha512'), canSign: true, companion: 'ecdsa-p256' },
  'mldsa65-rsa3072-pkcs15': composite(42, 'MLDSA65-RSA3072-PKCS15-SHA512', 65, 'rsa3072-pkcs15', 'sha512'),
  'mldsa65-rsa4096-pss': composite(43, 'MLDSA65-RSA4096-PSS-SHA512', 65, 'rsa4096-pss', 'sha512'),
  'mldsa65-rsa4096-pkcs15': composite(44, 'MLDSA65-RSA4096-PKCS15-SHA512', 65, 'rsa4096-pkcs15', 'sha512'),
  'mldsa65-ecdsa-p256': { ...composite(45, 'MLDSA65-ECDSA-P256-SHA512', 65, 'ecdsa-p256', 'sha512'), canSign: true, companion: 'ecdsa-p256' },
  'mldsa65-ecdsa-p384': composite(46, 'MLDSA65-ECDSA-P384-SHA512', 65, 'ecdsa-p384', 'sha512'),
  'mldsa65-ecdsa-bp256': composite(47, 'MLDSA65-ECDSA-BP256-SHA512', 65, 'ecdsa-bp256', 'sha512'),
  'mldsa65-ed25519': { ...composite(48, 'MLDSA65-Ed25519-SHA512', 65, 'ed25519', 'sha512'), canSign: true, companion: 'ecdsa-p256' },
  'mldsa87-ecdsa-p384': { ...composite(49, 'MLDSA87-ECDSA-P384-SHA512', 87, 'ecdsa-p384', 'sha512'), canSign: true, companion: 'ecdsa-p384' },
  'mldsa87-ecdsa-bp384': composite(50, 'MLDSA87-ECDSA-BP384-SHA512', 87, 'ecdsa-bp384', 'sha512'),
  'mldsa87-ed448': composite(51, 'MLDSA87-Ed448-SHAKE256', 87, 'ed448', 'shake256'),
  'mldsa87-rsa3072-pss': composite(52, 'MLDSA87-RSA3072-PSS-SHA512', 87, 'rsa3072-pss', 'sha512'),
  'mldsa87-rsa4096-pss': composite(53, 'MLDSA87-RSA4096-PSS-SHA512', 87, 'rsa4096-pss', 'sha512'),
  'mldsa87-ecdsa-p521': composite(54, 'MLDSA87-ECDSA-P521-SHA512', 87, 'ecdsa-p521', 'sha512'),
  // FIPS 204 pure; RFC 9881 §2.
  mldsa44: pureMlDsa(17, 44, 'ecdsa-p256'),
  mldsa65: pureMlDsa(18, 65, 'ecdsa-p256'),
  mldsa87: pureMlDsa(19, 87, 'ecdsa-p384'),
  // FIPS 205 pure; RFC 9909 §3.
  'slhdsa-sha2-128s': slhDsa(20, 'sha2-128s'),
  'slhdsa-sha2-128f': slhDsa(21, 'sha2-128f'),
  'slhdsa-sha2-192s': slhDsa(22, 'sha2-192s'),
  'slhdsa-sha2-192f': slhDsa(23, 'sha2-192f'),
  'slhdsa-sha2-256s': slhDsa(24, 'sha2-256s'),
  'slhdsa-sha2-256f': slhDsa(25, 'sha2-256f'),
  'slhdsa-shake-128s': slhDsa(26, 'shake-128s'),
  'slhdsa-shake-128f': slhDsa(27, 'shake-128f'),
  'slhdsa-shake-192s': slhDsa(28, 'shake-192s'),
  'slhdsa-shake-192f': slhDsa(29, 'shake-192f'),
  'slhdsa-shake-256s': slhDsa(30, 'shake-256s'),
  'slhdsa-shake-256f': slhDsa(31, 'shake-256f'),
  // RFC 5758 §3.2, RFC 8410 §3, RFC 8017 appendix A.2.3.
  'ecdsa-p256': classical('1.2.840.10045.4.3.2', 'ECDSA-P256-SHA256', 'ecdsa-p256', true),
  'ecdsa-p384': classical('1.2.840.10045.4.3.3', 'ECDSA-P384-SHA384', 'ecdsa-p384', true),
  'ecdsa-p521': classical('1.2.840.10045.4.3.4', 'ECDSA-P521-SHA512', 'ecdsa-p521', true),
  ed25519: classical('1.3.101.112', 'Ed25519', 'ed25519', true),
  'rsa2048-pss': classical('1.2.840.113549.1.1.10', 'RSA2048-PSS-SHA256', 'rsa2048-pss', false),
  'rsa3072-pss': classical('1.2.840.113549.1.1.10', 'RSA3072-PSS-SHA256', 'rsa3072-pss', false),
  'rsa4096-pss': classical('1.2.840.113549.1.1.10', 'RSA4096-PSS-SHA384', 'rsa4096-pss', false),
} as const satisfies Record<string, SuiteRow>

/** What a key is made of when nobody says. */
export const DEFAULT_SUITE: SuiteId = 'mldsa65-ecdsa-p256'

export const SUITE_IDS = Object.keys(SUITES) as readonly SuiteId[]

/** Throws SUITE_UNKNOWN and names the suites that can sign. */
export function findSuite(id: string): Suite {
  if (!Object.hasOwn(SUITES, id)) {
    const signing = SUITE_IDS.filter((known) => SUITES[known].canSign)
    throw new SealstoneError('SUITE_UNKNOWN', `no suite ${JSON.stringify(id)}`, { hint: `suites that sign: ${signing.join(', ')}` })
  }
  return toSuite(id as SuiteId)
}

/** By the OID in a public key's AlgorithmIdentifier. Not found this way: EC and RSA suites, whose keys share one OID and whose row holds the signature's. */
export function suiteByOid(oid: string): Suite | undefined {
  const id = SUITE_IDS.find((known) => SUITES[known].oid === oid && (SUITES[known].kind !== 'classical' || known === 'ed25519'))
  return id === undefined ? undefined : toSuite(id)
}

function toSuite(id: SuiteId): Suite {
  const row: SuiteRow = SUITES[id]
  return { id, ...row, hybrid: row.kind === 'composite' }
}

function composite(arc: number, name: string, mlDsa: MlDsaSet, half: Primitive, preHash: HashName) {
  return {
    oid: `1.3.6.1.5.5.7.6.${arc}`,
    label: `COMPSIG-${name}`,
    kind: 'composite',
    canSign: false,
    mlDsa,
    classical: half,
    preHash,
  } as const satisfies SuiteRow
}

function pureMlDsa(arc: number, mlDsa: MlDsaSet, companion: 'ecdsa-p256' | 'ecdsa-p384') {
  return { oid: `2.16.840.1.101.3.4.3.${arc}`, label: `ML-DSA-${mlDsa}`, kind: 'ml-dsa', canSign: true, mlDsa, companion } as const satisfies SuiteRow
}

function slhDsa<Name extends string>(arc: number, name: Name) {
  return {
    oid: `2.16.840.1.101.3.4.3.${arc}`,
    label: `SLH-DSA-${name.toUpperCase()}`,
    kind: 'slh-dsa',
    canSign: false,
    classical: `slh-dsa-${name}` as Extract<Primitive, `slh-dsa-${Name}`>,
  } as const satisfies SuiteRow
}

function classical(oid: string, label: string, primitive: Primitive, canSign: boolean) {
  return { oid, label, kind: 'classical', canSign, classical: primitive } as const satisfies SuiteRow
}
