/** Opens listeners, speaks HTTP/2 on their connections, hands each call to its method, and drains. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream, SessionOptions } from 'node:http2'
import { performServerHandshake } from 'node:http2'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Clock, defined, type Identity, type Logger, SealstoneError, toSealstoneError } from '#core'
import { type Listener, namelessCertificate, type OnLoginRefused, type OpenListener, openListener } from '#listeners'
import { errorTranslator } from '#wire'
import { ByteBudget } from './byte-budget.ts'
import { RunningCall } from './call.ts'
import { DEFAULT_FRAME_LIMITS, type FrameLimits } from './limits.ts'
import type { CallFacts, FramedMethod } from './method.ts'
import { PerCaller } from './per-caller.ts'
import { errorTrailers, parseTimeout, refuseHttp, RESPONSE_HEADERS, stopReading } from './status.ts'

/** Where a connection came in: all that is known of who calls. */
export type FramedPeer = { readonly kind: 'socket' } | { readonly kind: 'loopback' } | { readonly kind: 'certificate'; readonly der: Uint8Array }

export interface FramedServerOptions {
  /** At least one. */
  readonly listeners: readonly Listener[]
  /** By path, for example `/sealstone.v1.HashService/HashStream`. */
  readonly methods: ReadonlyMap<string, FramedMethod>
  /** Throws UNAUTHENTICATED. */
  readonly identify: (peer: FramedPeer) => Identity
  readonly logger: Logger
  readonly clock: Clock
  readonly limits?: Partial<FrameLimits>
  readonly onCall?: (facts: CallFacts) => void
  /** So many bytes of a request came and were taken. */
  readonly onBytes?: (count: number) => void
  readonly onLoginRefused?: OnLoginRefused
}

export interface FramedServer {
  /** `unix:/path` or `host:port`, in the order of the listeners. */
  readonly addresses: readonly string[]
  /** Takes no more calls; what is not done after the time gets DAEMON_DRAINING. Resolves when every connection is closed. */
  drain(timeoutMs: number): Promise<void>
}

/** Throws DAEMON_RUNNING, CONFIG_INVALID, FILE_UNREADABLE or HOME_INSECURE; nothing stays open then. */
export async function startFramedServer(options: FramedServerOptions): Promise<FramedServer> {
  const server = new Frames(options)
  try {
    for (const listener of options.listeners) await server.listen(listener)
  } catch (error) {
    await server.drain(0)
    throw error
  }
  return server
}

class Frames implements FramedServer {
  readonly #options: FramedServerOptions
  readonly #limits: FrameLimits
  readonly #translator = errorTranslator()
  readonly #opened: OpenListener[] = []
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #calls = new Set<RunningCall>()
  readonly #held: ByteBudget
  readonly #connectionsOf: PerCaller
  readonly #callsOf: PerCaller
  #isDraining = false

  constructor(options: FramedServerOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_FRAME_LIMITS, ...options.limits }
    this.#held = new ByteBudget(this.#limits.heldBytes)
    this.#connectionsOf = new PerCaller('connections', this.#limits.connectionsPerCaller)
    this.#callsOf = new PerCaller('calls', this.#limits.callsPerCaller)
  }

  get addresses(): readonly string[] {
    return this.#opened.map(({ address }) => address)
  }

  async listen(listener: Listener): Promise<void> {
    this.#opened.push(await openListener(listener, this.#limits, this.#options, (socket) => this.#accept(listener, socket)))
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true
    const closed = this.#opened.map((listener) => listener.close())
    for (const session of this.#sessions) if (!session.destroyed) session.goaway()
    for (const end = performance.now() + timeoutMs; this.#calls.size > 0 && performance.now() < end; ) await sleep(DRAIN_STEP_MS)
    for (const call of this.#calls) call.fail(new SealstoneError('DAEMON_DRAINING'))
    for (const session of this.#sessions) session.close()
    await Promise.race([Promise.all(closed), sleep(FLUSH_MS)])
    for (const listener of this.#opened) listener.destroy()
  }

  #accept(listener: Listener, socket: Socket): void {
    try {
      socket.once('close', this.#connectionsOf.take(this.#options.identify(peerOf(listener, socket))))
    } catch (thrown) {
      const error = toSealstoneError(thrown)
      if (error.code === 'OVERLOADED') {
        this.#options.logger.warn({ peer: peerName(listener, socket), error: error.message }, 'a connection was refused')
        socket.destroy()
        return
      }
      // Who is nobody hears so when he calls.
      this.#options.onLoginRefused?.(namelessCertificate(error, peerName(listener, socket), certificateOf(socket)))
    }
    const session = performServerHandshake(socket, sessionOptions(this.#limits))
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    session.on('error', (error: Error) =>
      this.#options.logger.info({ peer: peerName(listener, socket), error: error.message }, 'a connection failed'),
    )
    session.setLocalWindowSize(this.#limits.windowBytes)
    session.setTimeout(this.#limits.idleConnectionMs, () => session.close())
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => this.#onStream(listener, socket, stream, headers))
  }

  #onStream(listener: Listener, socket: Socket, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => {}) // the call hears of it when the stream closes
    if (headers[':method'] !== 'POST') return refuseHttp(stream, 405)
    if (!/^application\/grpc(?:$|[+;])/.test(headers['content-type'] ?? '')) return refuseHttp(stream, 415)
    const path = headers[':path'] ?? ''
    const record = new CallRecord(this.#options, path, peerName(listener, socket))
    try {
      const method = this.#options.methods.get(path)
      if (method === undefined) throw new SealstoneError('METHOD_UNKNOWN')
      if (this.#isDraining) throw new SealstoneError('DAEMON_DRAINING')
      if (this.#calls.size >= this.#limits.calls)
        throw new SealstoneError('OVERLOADED', `${this.#calls.size} calls run already, at most ${this.#limits.calls}`)
      const timeout = headers['grpc-timeout']
      const timeoutMs = timeout === undefined ? undefined : parseTimeout(String(timeout))
      if (timeout !== undefined && timeoutMs === undefined) throw new SealstoneError('INPUT_INVALID', 'grpc-timeout is not a timeout')
      record.identity = this.#options.identify(peerOf(listener, socket))
      const leave = this.#callsOf.take(record.identity)
      const running = new RunningCall({
        stream,
        method,
        call: { method: path, identity: record.identity, peer: record.peer },
        timeoutMs,
        limits: this.#limits,
        held: this.#held,
        translator: this.#translator,
        onBytes: this.#options.onBytes,
        onEnd: (error, bytes) => {
          leave()
          this.#calls.delete(running)
          record.end(error, bytes)
        },
      })
      this.#calls.add(running)
      void running.run()
    } catch (thrown) {
      const error = toSealstoneError(thrown)
      stream.respond({ ...RESPONSE_HEADERS, ...errorTrailers(this.#translator.encode(error)) }, { endStream: true })
      stopReading(stream)
      record.end(error, 0)
    }
  }
}

/** The last two are Node's, and not in its types yet. */
function sessionOptions(limits: FrameLimits): SessionOptions & { readonly streamResetBurst: number; readonly streamResetRate: number } {
  return {
    maxSessionMemory: limits.sessionMegabytes,
    maxHeaderListPairs: limits.headerPairs,
    maxSettings: limits.settings,
    maxOutstandingPings: 10,
    settings: {
      enablePush: false,
      initialWindowSize: limits.windowBytes,
      maxConcurrentStreams: limits.callsPerConnection,
      maxHeaderListSize: limits.headerBytes,
      maxFrameSize: MAX_FRAME_BYTES,
    },
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
  }
}

function peerOf(listener: Listener, socket: Socket): FramedPeer {
  switch (listener.kind) {
    case 'unix':
      return { kind: 'socket' }
    case 'insecure-loopback':
      return { kind: 'loopback' }
    case 'tls': {
      // Handed over only if the chain was verified.
      const der = certificateOf(socket)
      if (der === undefined) throw new SealstoneError('UNAUTHENTICATED', 'the connection has no verified client certificate')
      return { kind: 'certificate', der }
    }
  }
}

function certificateOf(socket: Socket): Uint8Array | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined
}

function peerName(listener: Listener, socket: Socket): string {
  return listener.kind === 'unix' ? 'unix' : `${socket.remoteAddress}:${socket.remotePort}`
}

/** The log line of one call. */
class CallRecord {
  readonly #options: Pick<FramedServerOptions, 'logger' | 'clock' | 'onCall'>
  readonly #method: string
  readonly #started: number
  readonly peer: string
  identity: Identity | undefined

  constructor(options: FramedServerOptions, method: string, peer: string) {
    this.#options = options
    this.#method = method
    this.peer = peer
    this.#started = options.clock.monotonicMs()
  }

  end(error: SealstoneError | undefined, bytes: number): void {
    const { logger, clock, onCall } = this.#options
    const seconds = (clock.monotonicMs() - this.#started) / 1000
    const code = error?.code ?? 'OK'
    const method = this.#method.slice(0, MAX_SHOWN_PATH)
    const facts = { method, identity: this.identity, peer: this.peer, result: code, milliseconds: Math.round(seconds * 1000), bytes }
    if (error?.entry.grpc === 'INTERNAL')
      logger.error({ ...facts, error: error.message, cause: String(error.cause) }, 'call failed by a fault of ours')
    else logger.info({ ...facts, ...defined({ error: error?.message }) }, 'call')
    if (code !== 'METHOD_UNKNOWN') onCall?.({ method: this.#method, code, seconds, bytes })
  }
}

const DRAIN_STEP_MS = 20
/** How long the last answers may take to reach their callers. */
const FLUSH_MS = 500
const MAX_FRAME_BYTES = 256 * 1024
const MAX_SHOWN_PATH = 200
