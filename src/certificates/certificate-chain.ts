/** X.509 path validation (RFC 5280 §6) for certificates that sign code, as OMS uses it, or timestamps: leaf first, roots given by the verifier. */
import { fromBER } from 'asn1js'
import { BasicConstraints, Certificate, ExtKeyUsage, RSAPublicKey, RSASSAPSSParams } from 'pkijs'
import { equalBytes, SealstoneError } from '#core'
import { parsePublicKey, type PublicKey } from '#suites'

/** What the leaf's key is for. */
export type SigningPurpose = keyof typeof PURPOSES

export interface SigningCertificate {
  readonly key: PublicKey
  /** For people, such as `CN=signer, O=Example`. */
  readonly subject: string
  /** Of the root that the path ends in. */
  readonly root: string
}

/**
 * Walks from the leaf to one of the roots along the certificates in the order given; every signature, date, CA flag, path length and key usage on
 * the way must hold. No revocation: OMS has none. Throws CERTIFICATE_INVALID with the reason.
 */
export async function validateChain(
  chain: readonly Uint8Array[],
  trusted: readonly Certificate[],
  now: Date,
  purpose: SigningPurpose = 'code signing',
): Promise<SigningCertificate> {
  const [leaf, ...intermediates] = chain.map((der, index) =>
    decode(der, index === 0 ? 'signing certificate' : `certificate ${index + 1} of the chain`),
  )
  if (leaf === undefined) throw invalid('there is no certificate')
  const path = await findPath(leaf, intermediates, trusted)
  path.forEach((certificate) => checkDates(certificate, now))
  path.forEach(checkExtensions)
  path.slice(0, -1).forEach(checkAlgorithm)
  path.slice(1).forEach(checkKeySize)
  path.slice(1).forEach((issuer, below) => checkIssuer(issuer, below, purpose))
  if (purpose === 'code signing') checkSigner(leaf)
  else checkTimestamper(leaf)
  return { key: leafKey(leaf), subject: nameOf(leaf), root: nameOf(path.at(-1) as Certificate) }
}

/** The roots that the verifier gave. A malformed one is the verifier's mistake: throws CERTIFICATE_INVALID. */
export function parseRoots(roots: readonly Uint8Array[]): Certificate[] {
  return roots.map((der, index) => decode(der, `root ${index + 1}`))
}

/** The path, leaf first and root last. Intermediates are taken in their order and once, so a hostile chain cannot send us in circles. */
async function findPath(leaf: Certificate, intermediates: readonly Certificate[], roots: readonly Certificate[]): Promise<Certificate[]> {
  const path = [leaf]
  const waiting = [...intermediates]
  for (;;) {
    const last = path.at(-1) as Certificate
    if (roots.some((root) => same(root, last))) return path
    for (const root of roots) if (await issued(root, last)) return [...path, root]
    let next: Certificate | undefined
    while (next === undefined && waiting.length > 0) {
      const candidate = waiting.shift() as Certificate
      if (!same(candidate, last) && (await issued(candidate, last))) next = candidate
    }
    if (next === undefined) throw invalid(`certificate ${nameOf(last)} leads to none of the trusted roots`)
    path.push(next)
  }
}

async function issued(issuer: Certificate, certificate: Certificate): Promise<boolean> {
  if (!certificate.issuer.isEqual(issuer.subject)) return false
  try {
    return await certificate.verify(issuer)
  } catch {
    return false // an algorithm that WebCrypto does not know
  }
}

function checkDates(certificate: Certificate, now: Date): void {
  const [from, until] = [certificate.notBefore.value, certificate.notAfter.value]
  if (now < from) throw invalid(`certificate ${nameOf(certificate)} is not valid before ${from.toISOString()}`)
  if (now > until) throw invalid(`certificate ${nameOf(certificate)} expired on ${until.toISOString()}`)
}

/** RFC 5280 §4.2: a critical extension that is not processed refuses the certificate. Name constraints and policies are among those. */
function checkExtensions(certificate: Certificate): void {
  const ids = (certificate.extensions ?? []).map(({ extnID }) => extnID)
  if (new Set(ids).size !== ids.length) throw invalid(`certificate ${nameOf(certificate)} has an extension twice`)
  const stray = certificate.extensions?.find(({ critical, extnID }) => critical && !PROCESSED.includes(extnID))
  if (stray !== undefined) throw invalid(`certificate ${nameOf(certificate)} has the critical extension ${stray.extnID}, which is not supported`)
}

/** No SHA-1, no MD5: whoever can make two certificates with one digest could have one of them issued and use the other. */
function checkAlgorithm(certificate: Certificate): void {
  const { algorithmId, algorithmParams } = certificate.signatureAlgorithm
  const id = algorithmId === RSA_PSS ? new RSASSAPSSParams({ schema: algorithmParams }).hashAlgorithm.algorithmId : algorithmId
  if (!SIGNATURE_ALGORITHMS.includes(id)) throw invalid(`certificate ${nameOf(certificate)} is signed with ${id}, want SHA-256 or stronger`)
}

function checkKeySize(issuer: Certificate): void {
  const key = issuer.subjectPublicKeyInfo.parsedKey
  if (!(key instanceof RSAPublicKey)) return
  const bits = BigInt(`0x${new Uint8Array(key.modulus.valueBlock.valueHexView).toHex()}`).toString(2).length
  if (bits < LEAST_RSA_BITS) throw invalid(`certificate ${nameOf(issuer)} has an RSA key of ${bits} bits, want at least ${LEAST_RSA_BITS}`)
}

/** @param below how many intermediates stand between this issuer and the leaf */
function checkIssuer(certificate: Certificate, below: number, purpose: SigningPurpose): void {
  const constraints = extension(certificate, BASIC_CONSTRAINTS)
  if (!(constraints instanceof BasicConstraints) || !constraints.cA)
    throw invalid(`certificate ${nameOf(certificate)} issued another one but is no CA`)
  const limit = constraints.pathLenConstraint
  if (limit !== undefined && !(typeof limit === 'number' && below <= limit))
    throw invalid(`certificate ${nameOf(certificate)} has too many CAs below it`)
  const usage = keyUsage(certificate)
  if (usage !== undefined && (usage & KEY_CERT_SIGN) === 0) throw invalid(`certificate ${nameOf(certificate)} may not sign certificates (key usage)`)
  const purposes = extension(certificate, EXTENDED_KEY_USAGE)
  if (purposes !== undefined && !allows(purposes, purpose)) {
    throw invalid(`certificate ${nameOf(certificate)} may not issue certificates for ${purpose} (extended key usage)`)
  }
}

/** The reference asks for one of the two; here what is there must allow it, and one must be there. */
function checkSigner(certificate: Certificate): void {
  const usage = keyUsage(certificate)
  if (usage !== undefined && (usage & DIGITAL_SIGNATURE) === 0)
    throw invalid(`certificate ${nameOf(certificate)} may not make signatures (key usage)`)
  const purposes = extension(certificate, EXTENDED_KEY_USAGE)
  if (purposes === undefined) {
    if (usage === undefined) throw invalid(`certificate ${nameOf(certificate)} has no key usage, want digital signature or code signing`)
    return
  }
  if (!allows(purposes, 'code signing')) throw invalid(`certificate ${nameOf(certificate)} is not for code signing (extended key usage)`)
}

/** RFC 3161 §2.3: the one purpose of its key is time stamping, and the extension that says so is critical. */
function checkTimestamper(certificate: Certificate): void {
  const usage = keyUsage(certificate)
  if (usage !== undefined && (usage & (DIGITAL_SIGNATURE | NON_REPUDIATION)) === 0)
    throw invalid(`certificate ${nameOf(certificate)} may not make signatures (key usage)`)
  const purposes = extension(certificate, EXTENDED_KEY_USAGE)
  const isCritical = certificate.extensions?.some(({ extnID, critical }) => extnID === EXTENDED_KEY_USAGE && critical) === true
  const isOnly = purposes instanceof ExtKeyUsage && purposes.keyPurposes.length === 1 && purposes.keyPurposes[0] === PURPOSES['time stamping']
  if (!isOnly || !isCritical) throw invalid(`certificate ${nameOf(certificate)} is not for time stamping alone (extended key usage, critical)`)
}

function allows(purposes: unknown, wanted: SigningPurpose): boolean {
  return purposes instanceof ExtKeyUsage && purposes.keyPurposes.some((purpose) => purpose === PURPOSES[wanted] || purpose === ANY_PURPOSE)
}

/** The first byte of the BIT STRING, which holds all bits that matter here. */
function keyUsage(certificate: Certificate): number | undefined {
  const value = extension(certificate, KEY_USAGE) as { readonly valueBlock?: { readonly valueHexView?: Uint8Array } } | undefined
  return value === undefined ? undefined : (value.valueBlock?.valueHexView?.[0] ?? 0)
}

function extension(certificate: Certificate, id: string): unknown {
  const found = certificate.extensions?.find(({ extnID }) => extnID === id)
  if (found !== undefined && found.parsedValue === undefined) throw invalid(`certificate ${nameOf(certificate)} has a malformed extension ${id}`)
  return found?.parsedValue
}

function leafKey(leaf: Certificate): PublicKey {
  try {
    return parsePublicKey(new Uint8Array(leaf.subjectPublicKeyInfo.toSchema().toBER()))
  } catch (cause) {
    throw new SealstoneError('CERTIFICATE_INVALID', `certificate ${nameOf(leaf)} has a key that is not supported`, { cause })
  }
}

function decode(der: Uint8Array, what: string): Certificate {
  try {
    if (fromBER(Uint8Array.from(der)).offset !== der.length) throw new SealstoneError('CERTIFICATE_INVALID', `${what} is followed by other bytes`)
    return Certificate.fromBER(Uint8Array.from(der))
  } catch (cause) {
    throw new SealstoneError('CERTIFICATE_INVALID', `${what} is malformed`, { cause })
  }
}

function same(left: Certificate, right: Certificate): boolean {
  return (
    equalBytes(left.tbsView, right.tbsView) && equalBytes(left.signatureValue.valueBlock.valueHexView, right.signatureValue.valueBlock.valueHexView)
  )
}

/** Control characters escaped: the name is somebody else's text. */
function nameOf(certificate: Certificate): string {
  const parts = certificate.subject.typesAndValues.map(({ type, value }) => `${ATTRIBUTES[type] ?? type}=${String(value.valueBlock.value)}`)
  return JSON.stringify(parts.join(', ').slice(0, 200)).slice(1, -1) || '(no name)'
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('CERTIFICATE_INVALID', message)
}

// RFC 5280 §4.2.1
const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const PROCESSED: readonly string[] = [KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME]
const RSA_PSS = '1.2.840.113549.1.1.10'
// RSA and ECDSA with SHA-256, 384, 512 (RFC 8017, RFC 5758), these hashes by themselves (of RSA-PSS), Ed25519 (RFC 8410).
const SIGNATURE_ALGORITHMS: readonly string[] = [
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '2.16.840.1.101.3.4.2.1',
  '2.16.840.1.101.3.4.2.2',
  '2.16.840.1.101.3.4.2.3',
  '1.3.101.112',
]
const LEAST_RSA_BITS = 2048
const PURPOSES = { 'code signing': '1.3.6.1.5.5.7.3.3', 'time stamping': '1.3.6.1.5.5.7.3.8' } as const
const ANY_PURPOSE = '2.5.29.37.0'
const DIGITAL_SIGNATURE = 0x80
const NON_REPUDIATION = 0x40
const KEY_CERT_SIGN = 0x04
const ATTRIBUTES: Readonly<Record<string, string>> = { '2.5.4.3': 'CN', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.6': 'C' }
