/** A server with one method of each kind, and a client that says on HTTP/2 whatever a test wants. */
import { createHash } from 'node:crypto'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { parseIdentity, SealstoneError, silentLogger, systemClock } from '#core'
import { type CallFacts, type FramedMethod, type FramedServerOptions, type MessageSink, startFramedServer } from '#frames'
import { temporaryFolder } from '../support/temporary.ts'

export interface Answer {
  readonly http: number
  /** gRPC status; undefined where none was sent. */
  readonly status: string | undefined
  readonly message: string
  /** Of the answer, prefixes and all. */
  readonly body: Buffer
}

export class Stand {
  readonly path = join(temporaryFolder(), 'frames.sock')
  /** Of calls that ended otherwise than by an answer. */
  readonly abandoned: string[] = []
  readonly calls: CallFacts[] = []
  /** Messages that began to come on calls of `Hash`. */
  begun = 0
  readonly #sessions: ClientHttp2Session[] = []

  static async start(options: Partial<FramedServerOptions> = {}): Promise<Stand & { drain(timeoutMs: number): Promise<void> }> {
    const stand = new Stand()
    const server = await startFramedServer({
      listeners: [{ kind: 'unix', path: stand.path }],
      methods: stand.#methods(),
      identify: () => parseIdentity('local'),
      logger: silentLogger,
      clock: systemClock,
      onCall: (facts) => void stand.calls.push(facts),
      ...options,
    })
    onTestFinished(async () => {
      for (const session of stand.#sessions) session.destroy()
      await server.drain(0)
    })
    return Object.assign(stand, { drain: (timeoutMs: number) => server.drain(timeoutMs) })
  }

  session(): ClientHttp2Session {
    const session = connect('http://frames', { createConnection: () => createConnection(this.path) })
    session.on('error', () => {})
    this.#sessions.push(session)
    return session
  }

  /** A connection on which anything can be said. */
  raw(): Socket {
    const socket = createConnection(this.path)
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    return socket
  }

  open(path: string, headers: Record<string, string> = {}, session = this.session()): ClientHttp2Stream {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers })
    stream.on('error', () => {})
    return stream
  }

  /** One whole call. */
  async ask(path: string, pieces: readonly Uint8Array[], headers: Record<string, string> = {}): Promise<Answer> {
    const stream = this.open(path, headers)
    const answer = answerOf(stream)
    for (const piece of pieces) stream.write(piece)
    stream.end()
    return await answer
  }

  #methods(): ReadonlyMap<string, FramedMethod> {
    return new Map<string, FramedMethod>([
      ['/t.T/Echo', { kind: 'unary', handle: async (_call, message) => message }],
      [
        '/t.T/Wait',
        {
          kind: 'unary',
          handle: (call) => new Promise((_resolve, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason as Error))),
        },
      ],
      [
        '/t.T/Count',
        {
          kind: 'server-stream',
          handle: async function* (_call, message) {
            for (let at = 0; at < message.readUInt32BE(0); at++) yield Buffer.alloc(64 * 1024, at)
          },
        },
      ],
      ['/t.T/Hash', { kind: 'client-stream', open: () => this.#sink() }],
      ['/t.T/Fail', { kind: 'unary', handle: () => Promise.reject(new SealstoneError('KEY_UNKNOWN', 'no key – “größer” 100 %')) }],
    ])
  }

  /** Answers the digest of all messages, each with its length before it. */
  #sink(): MessageSink {
    const hash = createHash('sha256')
    return {
      begin: (length) => {
        this.begun += 1
        hash.update(`${length}:`)
      },
      bytes: (piece) => void hash.update(piece),
      end: () => void hash.update(';'),
      finish: async () => new Uint8Array(hash.digest()),
      abandon: (error) => void this.abandoned.push(error.code),
    }
  }
}

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** RFC 9113 §4.1. */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** RFC 7541 §6.2.2: literal fields without indexing, new names, no Huffman code. */
export function headerBlock(path: string): Buffer {
  const fields = { ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': 'frames', 'content-type': 'application/grpc', te: 'trailers' }
  const text = (value: string) => Buffer.concat([Buffer.of(value.length), Buffer.from(value)])
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]))
}

export function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** What `Hash` answers to these messages. */
export function hashed(messages: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const message of messages) hash.update(`${message.length}:`).update(message).update(';')
  return hash.digest('hex')
}

export function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve) => {
    let http = 0
    let status: string | undefined
    let message = ''
    const pieces: Buffer[] = []
    const read = (headers: Record<string, unknown>): void => {
      status = (headers['grpc-status'] as string | undefined) ?? status
      message = decodeURIComponent((headers['grpc-message'] as string | undefined) ?? message)
    }
    stream.on('response', (headers) => {
      http = Number(headers[constants.HTTP2_HEADER_STATUS])
      read(headers)
    })
    stream.on('trailers', read)
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('close', () => resolve({ http, status, message, body: Buffer.concat(pieces) }))
  })
}
