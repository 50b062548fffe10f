/** The request for a timestamp, and the response taken apart (RFC 3161 §2.4): only what was granted is a token. */
import { fromBER, Integer, OctetString } from 'asn1js'
import { AlgorithmIdentifier, MessageImprint, TimeStampReq, TimeStampResp } from 'pkijs'
import { SealstoneError } from '#core'

/** Of the text that is timestamped; FIPS 180-4. */
export type ImprintDigest = keyof typeof IMPRINTS

export const IMPRINTS = {
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
} as const

/** DER. Asks for the certificates too, so that the token can be verified by itself. @param imprint by `digest` */
export function encodeRequest(imprint: Uint8Array, nonce: Uint8Array, digest: ImprintDigest = 'sha256'): Uint8Array {
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: IMPRINTS[digest] }),
      hashedMessage: new OctetString({ valueHex: Uint8Array.from(imprint).buffer }),
    }),
    nonce: new Integer({ valueHex: Uint8Array.from(nonce).buffer }),
    certReq: true,
  })
  return new Uint8Array(request.toSchema().toBER())
}

/** The token's DER. Throws TIMESTAMP_INVALID with the status for what was not granted, and for what is no response. */
export function decodeResponse(der: Uint8Array): Uint8Array {
  let response: TimeStampResp
  try {
    const { offset, result } = fromBER(Uint8Array.from(der))
    if (offset !== der.length) throw new Error('other bytes follow')
    response = new TimeStampResp({ schema: result })
  } catch (cause) {
    throw new SealstoneError('TIMESTAMP_INVALID', 'the response is malformed', { cause })
  }
  const { status } = response.status
  // RFC 3161 §2.4.2: granted, or granted with modifications.
  if (status !== 0 && status !== 1) throw new SealstoneError('TIMESTAMP_INVALID', `the request was not granted: status ${status}`)
  if (response.timeStampToken === undefined) throw new SealstoneError('TIMESTAMP_INVALID', 'the response has no token')
  return new Uint8Array(response.timeStampToken.toSchema().toBER())
}
