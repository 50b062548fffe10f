/** How a call ends on the wire: trailers with a gRPC status, alone or after messages (gRPC over HTTP/2, "Responses"). */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { ErrorStatus } from '#wire'

export const RESPONSE_HEADERS: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity',
}

export const OK_TRAILERS: OutgoingHttpHeaders = { 'grpc-status': '0' }

export function errorTrailers({ code, details, metadata }: ErrorStatus): OutgoingHttpHeaders {
  return { ...metadata.toHttp2Headers(), 'grpc-status': String(code), 'grpc-message': percentEncoded(details) }
}

/** The answer to what is no gRPC call: a plain HTTP status, and no body. */
export function refuseHttp(stream: ServerHttp2Stream, status: 405 | 415): void {
  stream.respond({ ':status': status, ...(status === 405 ? { allow: 'POST' } : {}) }, { endStream: true })
  stopReading(stream)
}

/**
 * The caller may still be sending: RFC 9113 §8.1 has a server that does not want the rest say so with NO_ERROR. Not at once, for the reset
 * would overtake the answer; what comes until then is dropped. An answer that he does not take by then is dropped too.
 */
export function stopReading(stream: ServerHttp2Stream): void {
  stream.resume()
  const close = setTimeout(() => stream.close(stream.writableFinished ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL), LINGER_MS)
  stream.once('close', () => clearTimeout(close))
}

/** "Percent-Byte-Encoded": what is not printable ASCII, and the percent sign. */
function percentEncoded(text: string): string {
  const bytes = Buffer.from(text)
  let encoded = ''
  for (const byte of bytes) {
    encoded += byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** "Timeout": at most eight digits and a unit; milliseconds, undefined where it is none. */
export function parseTimeout(text: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text)
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
}

const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 } as const

const LINGER_MS = 1000
