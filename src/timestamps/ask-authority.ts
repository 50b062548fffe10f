/** One request to a timestamp authority over HTTP (RFC 3161 §3.4): a token over a checkpoint's text that has been verified, or the reason why there is none. */
import { createHash, randomBytes } from 'node:crypto'
import { type Clock, SealstoneError, utf8 } from '#core'
import { parseNote } from '#tlog'
import { addTimestamp } from './timestamp-line.ts'
import { decodeResponse, encodeRequest, type ImprintDigest } from './timestamp-request.ts'
import { verifyTimestamp } from './verify-timestamp.ts'

export interface Authority {
  /** As it stands in the checkpoint's signature line. */
  readonly name: string
  readonly url: string
  /** DER certificates that its signing certificates lead to. */
  readonly roots: readonly Uint8Array[]
  /** Of what it is asked to timestamp; default `sha256`. */
  readonly digest?: ImprintDigest
}

/** The note with the timestamp below, and its time. Throws TIMESTAMP_INVALID. */
export async function timestampNote(
  note: string,
  authority: Authority,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly note: string; readonly time: Date }> {
  const { text } = parseNote(note)
  // The first bit is 0 and the first byte not, so that the number has one form only.
  const nonce = Uint8Array.from(randomBytes(16))
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40
  const { digest = 'sha256' } = authority
  const imprint = Uint8Array.from(createHash(digest).update(utf8(text)).digest())
  const token = decodeResponse(await post(authority.url, encodeRequest(imprint, nonce, digest), signal))
  const { time } = await verifyTimestamp(token, { text, roots: authority.roots, nonce })
  const offBy = Math.abs(time.getTime() - clock.now().getTime())
  if (offBy > MAX_SKEW_MS)
    throw new SealstoneError('TIMESTAMP_INVALID', `the timestamp says ${time.toISOString()}, ${Math.round(offBy / 1000)} s off our clock`)
  return { note: addTimestamp(note, authority.name, token), time }
}

async function post(url: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      body: Uint8Array.from(body),
      // A connection of its own: one that was kept since the last time may end just now, and a POST is not sent again by itself.
      headers: { 'content-type': 'application/timestamp-query', connection: 'close' },
      redirect: 'error',
      signal,
    })
    if (response.status !== 200) throw new Error(`it answers ${response.status}`)
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > MAX_RESPONSE_BYTES) throw new Error(`it answers more than ${MAX_RESPONSE_BYTES} bytes`)
      chunks.push(chunk)
    }
    return Uint8Array.from(Buffer.concat(chunks))
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : (cause as Error).message
    throw new SealstoneError('TIMESTAMP_INVALID', `the timestamp authority gives no answer: ${reason}`, { cause })
  }
}

const MAX_RESPONSE_BYTES = 64 * 1024
const MAX_SKEW_MS = 5 * 60_000
