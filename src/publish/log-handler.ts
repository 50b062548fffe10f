/** Answers HTTP requests for the parts of a published log (c2sp.org/tlog-tiles): reading alone, and nothing that no checkpoint covers. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { toSealstoneError, utf8 } from '#core'
import { UnsentAnswers } from '#listeners'
import { parseTilePath, type TileName, type TileSource } from '#tlog'

interface Answer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Uint8Array
}

export interface LogHandlerEvents {
  /** Each request, with the status that it was answered with. */
  readonly onAnswer: (status: number) => void
  /** What the log itself could not do; the one who asked is told only that it failed. */
  readonly onFailure: (error: unknown) => void
}

/** Many who take their answers slowly get no more memory than `mostUnsentBytes`, and what was being read by then: the next are answered 503. */
export function logHandler(
  source: TileSource,
  { onAnswer, onFailure }: LogHandlerEvents,
  { mostUnsentBytes = MOST_UNSENT_BYTES }: { readonly mostUnsentBytes?: number } = {},
): RequestListener {
  const unsent = new UnsentAnswers(mostUnsentBytes)
  return (request, response) => {
    const answering = unsent.isFull ? Promise.resolve(say(503, 'too many readers', { 'retry-after': '5' })) : answerTo(source, request)
    answering
      .catch((error: unknown) => {
        onFailure(error)
        return say(500, 'the log cannot be read now')
      })
      .then((answer) => {
        const { socket } = request
        if (socket.destroyed) return // went away meanwhile
        unsent.hold(request, response, answer.body.length)
        send(request, response, answer)
        onAnswer(answer.status)
      })
      .catch(() => response.destroy())
  }
}

async function answerTo(source: TileSource, { method, url = '', headers }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return say(405, 'there is only GET and HEAD', { allow: 'GET, HEAD' })
  const name = parseTilePath(url.slice(1))
  const isCheckpoint = url === '/checkpoint'
  if (!isCheckpoint && (name === undefined || !url.startsWith('/')))
    return say(404, 'there is /checkpoint, /tile/LEVEL/NUMBER and /tile/entries/NUMBER')
  try {
    return name === undefined ? checkpointAnswer(await source.checkpoint(), headers['if-none-match']) : await tileAnswer(source, name, headers)
  } catch (thrown) {
    const { code, message } = toSealstoneError(thrown)
    if (code === 'TILE_MISSING') return say(404, message)
    if (code === 'LOG_UNREACHABLE') return say(503, message, { 'retry-after': '1' })
    throw thrown
  }
}

/** May be kept by caches, and is asked for again each time: what changed is sent, what did not is not. */
function checkpointAnswer(note: string, known: string | undefined): Answer {
  const body = utf8(note)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache', etag }
  // RFC 9110 §13.1.2: compared weakly, so a proxy that compresses may have put W/ before it.
  const isKnown = known?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag) === true
  return isKnown ? { status: 304, headers, body: new Uint8Array() } : { status: 200, headers, body }
}

async function tileAnswer(source: TileSource, name: TileName, headers: IncomingMessage['headers']): Promise<Answer> {
  const bytes = await source.tile(name)
  const always = { 'content-type': 'application/octet-stream', 'cache-control': 'public, max-age=31536000, immutable' }
  // Hashes do not get smaller; entries do, to about a fifth.
  if (name.kind === 'hashes') return { status: 200, headers: always, body: bytes }
  const varying = { ...always, vary: 'accept-encoding' }
  if (!takesGzip(headers['accept-encoding'])) return { status: 200, headers: varying, body: bytes }
  return { status: 200, headers: { ...varying, 'content-encoding': 'gzip' }, body: await compress(bytes, { level: 1 }) }
}

function takesGzip(accepted: string | string[] | undefined): boolean {
  const codings = String(accepted ?? '').split(',')
  return codings.some((coding) => /^\s*gzip\s*(?:;|$)/i.test(coding) && !/;\s*q=0(?:\.0*)?\s*$/i.test(coding))
}

function say(status: number, text: string, more: OutgoingHttpHeaders = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...more }, body: utf8(`${text}\n`) }
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, ...FOR_EVERYBODY, ...(status === 304 ? {} : { 'content-length': body.length }) })
  response.end(method === 'HEAD' || status === 304 ? undefined : body)
}

/** Any page may verify the log. */
const FOR_EVERYBODY = { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' }
const compress = promisify(gzip)
const MOST_UNSENT_BYTES = 64 * 1024 * 1024
