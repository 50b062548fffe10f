/** A witness over HTTP: `POST /add-checkpoint`, and `GET /` with its name and keys. Bodies, connections and times are bounded. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Logger, SealstoneError, toSealstoneError, utf8Text } from '#core'
import { encodeVerifierKey, MAX_ADD_CHECKPOINT_BYTES } from '#tlog'
import { addCheckpoint, type WitnessParts } from './add-checkpoint.ts'

export interface WitnessServer {
  /** `http://host:port`, the submission prefix of c2sp.org/tlog-witness. */
  readonly url: string
  /** Takes no new requests and answers those that have come. */
  close(): Promise<void>
}

/** Throws CONFIG_INVALID for an address that cannot be listened on. */
export async function serveWitness(parts: WitnessParts, { host, port }: { readonly host: string; readonly port: number }): Promise<WitnessServer> {
  const server = createServer(
    { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 8192, noDelay: true },
    (request, response) => {
      void handle(parts, request, response, parts.logger)
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new SealstoneError('CONFIG_INVALID', `listen: ${host}:${port} cannot be used (${cause.code})`, { cause, hint: 'correct it in witness.toml' }),
      )
    })
    server.listen(port, host, resolve)
  })
  const bound = server.address()
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${typeof bound === 'object' && bound !== null ? bound.port : port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref()
      }),
  }
}

async function handle(parts: WitnessParts, request: IncomingMessage, response: ServerResponse, logger: Logger): Promise<void> {
  try {
    const path = (request.url ?? '').split('?')[0]
    if (path === '/' && (request.method === 'GET' || request.method === 'HEAD')) {
      send(response, 200, TEXT, `${parts.keys.name}\n${parts.keys.keys.map((key) => `${encodeVerifierKey(key)}\n`).join('')}`)
    } else if (path !== '/add-checkpoint') {
      send(response, 404, TEXT, 'there is only POST /add-checkpoint\n')
    } else if (request.method === 'POST') {
      const body = await readBody(request)
      if (body === undefined) {
        response.setHeader('connection', 'close')
        send(response, 413, TEXT, `the request is over ${MAX_ADD_CHECKPOINT_BYTES} bytes\n`)
      } else {
        const answer = answerTo(parts, body)
        send(response, answer.status, answer.contentType, answer.body)
      }
    } else {
      response.setHeader('allow', 'POST')
      send(response, 405, TEXT, 'want POST\n')
    }
  } catch (thrown) {
    // The reader went away, or nothing could be stored: no cosignature has left then.
    logger.error({ error: toSealstoneError(thrown).message }, 'a request could not be answered')
    if (!response.headersSent) send(response, 503, TEXT, 'try again later\n')
  }
}

function answerTo(parts: WitnessParts, body: Uint8Array): { status: number; contentType: string; body: string } {
  let text: string
  try {
    text = utf8Text(body)
  } catch {
    return { status: 400, contentType: TEXT, body: 'the request is not UTF-8\n' }
  }
  return addCheckpoint(parts, text)
}

/** Undefined if it is too long; the rest is not read. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_ADD_CHECKPOINT_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}

const TEXT = 'text/plain; charset=utf-8'
const TIMEOUT_MS = 10_000
// Logs ask again and again: a connection is worth keeping (c2sp.org/tlog-witness).
const KEEP_ALIVE_MS = 75_000
const MAX_CONNECTIONS = 512
const DRAIN_MS = 2000
