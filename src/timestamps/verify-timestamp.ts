/** Verifies a timestamp (RFC 3161 §2.4.2, RFC 5816, RFC 5652 §5) wholly: what it is over, who made it, and that a trusted authority let them. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { fromBER, type ObjectIdentifier, type OctetString, type Sequence } from 'asn1js'
import { Certificate, ContentInfo, IssuerAndSerialNumber, SignedData, type SignerInfo, TSTInfo } from 'pkijs'
import { parseRoots, validateChain } from '#certificates'
import { equalBytes, SealstoneError, toSealstoneError, utf8 } from '#core'
import { IMPRINTS } from './timestamp-request.ts'

export interface VerifiedTimestamp {
  readonly time: Date
  /** Of the certificate that signed, for people. */
  readonly signer: string
}

export interface TimestampDemands {
  /** What it must be over. */
  readonly text: string
  /** DER certificates of authorities that are trusted to say the time. */
  readonly roots: readonly Uint8Array[]
  /** What the request had; absent when an old timestamp is looked at. */
  readonly nonce?: Uint8Array
}

/** Throws TIMESTAMP_INVALID with the reason, whatever is wrong with it. The certificates are judged as of its own time. */
export async function verifyTimestamp(token: Uint8Array, { text, roots, nonce }: TimestampDemands): Promise<VerifiedTimestamp> {
  try {
    const { signedData, content } = parseToken(token)
    const info = parseInfo(content)
    checkImprint(info, text)
    if (nonce !== undefined) checkNonce(info, nonce)
    const [signerInfo, ...others] = signedData.signerInfos
    if (signerInfo === undefined || others.length > 0) throw invalid(`it has ${signedData.signerInfos.length} signers, want one`)
    const certificates = (signedData.certificates ?? []).filter((one): one is Certificate => one instanceof Certificate)
    const signer = findSigner(signerInfo, certificates)
    const attributes = checkAttributes(signerInfo, content, signer)
    checkSignature(signerInfo, attributes, signer)
    const chain = [signer, ...certificates.filter((one) => one !== signer)].map(derOf)
    const { subject } = await validateChain(chain, parseRoots(roots), info.genTime, 'time stamping')
    return { time: info.genTime, signer: subject }
  } catch (thrown) {
    const cause = toSealstoneError(thrown)
    // A parser that stumbles says nothing that helps.
    const reason = thrown instanceof SealstoneError ? cause.message : 'it is malformed'
    throw new SealstoneError('TIMESTAMP_INVALID', `the timestamp does not verify: ${reason}`, { cause })
  }
}

function parseToken(token: Uint8Array): { signedData: SignedData; content: Uint8Array } {
  const { offset, result } = fromBER(Uint8Array.from(token))
  if (offset !== token.length) throw invalid('other bytes follow it')
  const contentInfo = new ContentInfo({ schema: result })
  if (contentInfo.contentType !== SIGNED_DATA) throw invalid('it is no signed data')
  const signedData = new SignedData({ schema: contentInfo.content })
  const { eContentType, eContent } = signedData.encapContentInfo
  if (eContentType !== TST_INFO || eContent === undefined) throw invalid('its content is no timestamp')
  return { signedData, content: new Uint8Array(eContent.getValue()) }
}

function parseInfo(content: Uint8Array): TSTInfo {
  const { offset, result } = fromBER(Uint8Array.from(content))
  if (offset !== content.length) throw invalid('other bytes follow its content')
  const info = new TSTInfo({ schema: result })
  if (info.version !== 1) throw invalid(`its version is ${info.version}, want 1`)
  if (Number.isNaN(info.genTime.getTime())) throw invalid('it says no time')
  return info
}

function checkImprint({ messageImprint }: TSTInfo, text: string): void {
  const digest = hashName(messageImprint.hashAlgorithm.algorithmId)
  if (!equalBytes(bytesOf(messageImprint.hashedMessage), sha(digest, utf8(text)))) throw invalid('it is over something else')
}

function checkNonce({ nonce }: TSTInfo, wanted: Uint8Array): void {
  if (nonce === undefined || !equalBytes(Uint8Array.from(nonce.valueBlock.valueHexView), wanted))
    throw invalid('its nonce is not the one of the request')
}

function findSigner({ sid }: SignerInfo, certificates: readonly Certificate[]): Certificate {
  if (!(sid instanceof IssuerAndSerialNumber)) throw invalid('it names its signer in another way than by issuer and serial number')
  const found = certificates.find((one) => one.issuer.isEqual(sid.issuer) && one.serialNumber.isEqual(sid.serialNumber))
  if (found === undefined) throw invalid('it brings no certificate of its signer')
  return found
}

/** RFC 5652 §11: content type and digest; RFC 5816: which certificate was meant. Returns what is signed. */
function checkAttributes({ signedAttrs, digestAlgorithm }: SignerInfo, content: Uint8Array, signer: Certificate): Uint8Array {
  if (signedAttrs === undefined) throw invalid('it has no signed attributes')
  const value = (type: string): unknown => {
    const found = signedAttrs.attributes.filter((attribute) => attribute.type === type)
    if (found.length > 1 || (found[0]?.values.length ?? 1) !== 1) throw invalid(`it has the attribute ${type} twice`)
    return found[0]?.values[0]
  }
  const contentType = value(CONTENT_TYPE) as ObjectIdentifier | undefined
  if (contentType?.getValue() !== TST_INFO) throw invalid('its signer signed another kind of content')
  const digest = value(MESSAGE_DIGEST) as OctetString | undefined
  if (digest === undefined || !equalBytes(bytesOf(digest), sha(hashName(digestAlgorithm.algorithmId), content)))
    throw invalid('its content was changed')
  if (!namesSigner(value(SIGNING_CERTIFICATE_V2), value(SIGNING_CERTIFICATE), derOf(signer))) throw invalid('its signer meant another certificate')
  return new Uint8Array(signedAttrs.encodedValue)
}

/** RFC 5035: the first certificate that is named is the signer's. SHA-1 in the older form is a name here and protects nothing. */
function namesSigner(v2: unknown, v1: unknown, der: Uint8Array): boolean {
  const id = (attribute: unknown): Sequence | undefined => sequence(sequence(sequence(attribute)?.valueBlock.value[0])?.valueBlock.value[0])
  const [newer, older] = [id(v2), id(v1)]
  if (newer !== undefined) {
    const parts = newer.valueBlock.value
    const algorithm = sequence(parts[0]) // DEFAULT sha-256
    const hash = algorithm === undefined ? 'sha256' : hashName((algorithm.valueBlock.value[0] as unknown as ObjectIdentifier).getValue())
    return equalBytes(bytesOf(parts[algorithm === undefined ? 0 : 1] as OctetString), sha(hash, der))
  }
  return older !== undefined && equalBytes(bytesOf(older.valueBlock.value[0] as OctetString), sha('sha1', der))
}

function checkSignature({ signatureAlgorithm, signature, digestAlgorithm }: SignerInfo, attributes: Uint8Array, signer: Certificate): void {
  const key = createPublicKey({ key: Buffer.from(signer.subjectPublicKeyInfo.toSchema().toBER()), format: 'der', type: 'spki' })
  const scheme = Object.hasOwn(SCHEMES, signatureAlgorithm.algorithmId) ? SCHEMES[signatureAlgorithm.algorithmId as keyof typeof SCHEMES] : undefined
  if (scheme === undefined || scheme.type !== key.asymmetricKeyType)
    throw invalid(`it is signed with ${signatureAlgorithm.algorithmId}, which is not supported`)
  const hash = scheme.type === 'ed25519' ? null : 'hash' in scheme ? scheme.hash : hashName(digestAlgorithm.algorithmId)
  if (!isGood(hash, attributes, key, bytesOf(signature))) throw invalid('its signature is wrong')
}

function isGood(hash: string | null, message: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(hash, message, key, signature)
  } catch {
    return false
  }
}

function hashName(id: string): string {
  const name = Object.hasOwn(HASHES, id) ? HASHES[id as keyof typeof HASHES] : undefined
  if (name === undefined) throw invalid(`it uses the digest ${id}, want SHA-256, SHA-384 or SHA-512`)
  return name
}

function sequence(value: unknown): Sequence | undefined {
  const found = value as Sequence | undefined
  return found !== undefined && Array.isArray(found.valueBlock?.value) && found.idBlock.tagNumber === 16 ? found : undefined
}

function bytesOf(value: { valueBlock: { valueHexView: Uint8Array } }): Uint8Array {
  return Uint8Array.from(value.valueBlock.valueHexView)
}

function derOf(certificate: Certificate): Uint8Array {
  return new Uint8Array(certificate.toSchema().toBER())
}

function sha(name: string, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash(name).update(bytes).digest())
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('TIMESTAMP_INVALID', message)
}

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const TST_INFO = '1.2.840.113549.1.9.16.1.4'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12'
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47'
const HASHES = { [IMPRINTS.sha256]: 'sha256', [IMPRINTS.sha384]: 'sha384', [IMPRINTS.sha512]: 'sha512' } as const
// RFC 8017, RFC 5758, RFC 8419. `rsaEncryption` and `ecPublicKey` leave the digest to the digest algorithm.
const SCHEMES = {
  '1.2.840.113549.1.1.1': { type: 'rsa' },
  '1.2.840.113549.1.1.11': { type: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { type: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { type: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { type: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { type: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { type: 'ec', hash: 'sha512' },
  '1.3.101.112': { type: 'ed25519' },
} as const
