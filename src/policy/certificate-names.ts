/** Reads who a certificate is for from its DER, never from a text made for display. The chain was verified before, by TLS. */
import { type BaseBlock, BitString, Boolean as Asn1Boolean, fromBER, ObjectIdentifier, OctetString, Sequence } from 'asn1js'
import { SealstoneError } from '#core'

export interface CertificateNames {
  /** Subject alternative names of type URI, in their order. */
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  /** Basic constraints say CA. */
  readonly isAuthority: boolean
  /** Key usage has keyCertSign or cRLSign. */
  readonly signsCertificates: boolean
}

/** Throws UNAUTHENTICATED for what is not a certificate, or names that are not ASCII (RFC 5280 §4.2.1.6: IA5String). */
export function readCertificateNames(der: Uint8Array): CertificateNames {
  try {
    return readNames(readExtensions(der))
  } catch (cause) {
    throw cause instanceof SealstoneError ? cause : malformed(cause) // asn1js throws errors of many kinds
  }
}

function readNames(extensions: ReadonlyMap<string, BaseBlock>): CertificateNames {
  const names = contents(extensions.get(SUBJECT_ALTERNATIVE_NAME))
  const constraints = contents(extensions.get(BASIC_CONSTRAINTS))
  const usage = extensions.get(KEY_USAGE)
  const usageBits = usage instanceof BitString ? (usage.valueBlock.valueHexView[0] ?? 0) : 0
  return {
    uris: ofType(names, URI),
    dnsNames: ofType(names, DNS_NAME),
    isAuthority: constraints.some((item) => item instanceof Asn1Boolean && item.valueBlock.value),
    signsCertificates: (usageBits & KEY_CERT_SIGN_OR_CRL_SIGN) !== 0,
  }
}

/** RFC 5280 §4.1: Certificate, then TBSCertificate, then its field [3]; OID → the parsed value. */
function readExtensions(der: Uint8Array): Map<string, BaseBlock> {
  const [certificate] = contents(parse(der))
  const field = contents(certificate).find((item) => item.idBlock.tagClass === CONTEXT_SPECIFIC && item.idBlock.tagNumber === 3)
  const extensions = new Map<string, BaseBlock>()
  for (const extension of contents(contents(field)[0])) {
    const [id] = contents(extension)
    const value = contents(extension).at(-1)
    if (!(id instanceof ObjectIdentifier) || !(value instanceof OctetString)) throw malformed()
    const oid = id.getValue()
    if (extensions.has(oid)) throw malformed() // RFC 5280 §4.2: at most one of each
    if (READ.includes(oid)) extensions.set(oid, parse(value.valueBlock.valueHexView))
  }
  return extensions
}

function parse(der: Uint8Array): BaseBlock {
  const { offset, result } = fromBER(der)
  if (offset !== der.length) throw malformed()
  return result
}

function contents(block: BaseBlock | undefined): BaseBlock[] {
  if (block === undefined) return []
  if (block instanceof Sequence) return block.valueBlock.value
  const { value } = block.valueBlock as unknown as { readonly value?: unknown }
  return Array.isArray(value) ? (value as BaseBlock[]) : []
}

/** GeneralName is a CHOICE of implicit context-specific tags. */
function ofType(names: readonly BaseBlock[], tagNumber: number): string[] {
  return names
    .filter(({ idBlock }) => idBlock.tagClass === CONTEXT_SPECIFIC && idBlock.tagNumber === tagNumber)
    .map((name) => {
      const bytes = (name.valueBlock as unknown as { readonly valueHexView?: Uint8Array }).valueHexView
      if (bytes === undefined || bytes.some((byte) => byte < 0x21 || byte > 0x7e)) throw malformed()
      return String.fromCharCode(...bytes)
    })
}

function malformed(cause?: unknown): SealstoneError {
  return new SealstoneError('UNAUTHENTICATED', 'the client certificate cannot be read', { cause })
}

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
const READ: readonly string[] = [SUBJECT_ALTERNATIVE_NAME, BASIC_CONSTRAINTS, KEY_USAGE]
const CONTEXT_SPECIFIC = 3 // asn1js's number for the class
const DNS_NAME = 2
const URI = 6
const KEY_CERT_SIGN_OR_CRL_SIGN = 0x06 // RFC 5280 §4.2.1.3: bits 5 and 6
