/** The daemon's side of the data plane: starts its process, puts another in its place when it is lost, and drains it. */
import { dirname, extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type OurChild, startChildProcess } from '#children'
import { isErrorCode, type Logger, SealstoneError } from '#core'
import type { OnLoginRefused } from '#listeners'
import type { DataPlaneReport, DataPlaneSettings, FromDataPlane, Refusal, ToDataPlane } from './protocol.ts'

export interface DataPlaneOptions {
  readonly settings: DataPlaneSettings
  readonly logger: Logger
  /** Resolves when the refusal is in the audit log. */
  readonly onRefusal: (refusal: Refusal) => Promise<void>
  readonly onLoginRefused: OnLoginRefused
  /** About once a second. */
  readonly onReport: (report: DataPlaneReport) => void
}

export interface DataPlane extends AsyncDisposable {
  /** As they were at the start: `unix:/path` or `host:port`. */
  readonly addresses: readonly string[]
  readonly pid: number | undefined
  readonly respawns: number
  /** Ends the streams, which can be taken up again, lets HashPath finish, and ends the process. */
  close(timeoutMs: number): Promise<void>
}

/** Throws what stopped the first start: DAEMON_RUNNING, CONFIG_INVALID, FILE_UNREADABLE, HOME_INSECURE or DATABASE_UNAVAILABLE. */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const supervised = new SupervisedDataPlane(options)
  try {
    await supervised.opened
  } catch (error) {
    await supervised.close(0)
    throw error
  }
  return supervised
}

class SupervisedDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions
  readonly #opened = Promise.withResolvers<void>()
  #child: OurChild<ToDataPlane> | undefined
  #addresses: readonly string[] = []
  #isClosing = false
  #starts = 0
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  #drained = Promise.withResolvers<void>()
  #gone = Promise.withResolvers<void>()

  constructor(options: DataPlaneOptions) {
    this.#options = options
    this.#start()
  }

  get opened(): Promise<void> {
    return this.#opened.promise
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get respawns(): number {
    return this.#starts - 1
  }

  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#retry)
    const child = this.#child
    if (child === undefined) return
    child.send({ kind: 'drain', timeoutMs })
    await Promise.race([this.#drained.promise, this.#gone.promise, sleep(timeoutMs + PATIENCE_MS, undefined, { ref: false })])
    child.disconnect()
    const kill = setTimeout(() => child.kill(), PATIENCE_MS)
    await this.#gone.promise
    clearTimeout(kill)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0)
  }

  #start(): void {
    const { settings, logger } = this.#options
    this.#starts += 1
    this.#gone = Promise.withResolvers<void>()
    const child = startChildProcess<ToDataPlane, FromDataPlane>({
      entry: ENTRY,
      name: 'data plane',
      logName: 'dataPlane',
      env: { MALLOC_ARENA_MAX: '1' }, // glibc: the bytes of many connections come and go on one thread
      logger,
      nodeOptions: ['--allow-net', '--allow-worker', ...COLLECTION],
      files: accessibleFiles(settings),
      onMessage: (message) => this.#onMessage(message),
      onExit: (how) => this.#onExit(how),
    })
    this.#child = child
    child.send({ kind: 'start', settings })
  }

  #onMessage(message: FromDataPlane): void {
    switch (message.kind) {
      case 'ready':
        this.#failures = 0
        this.#addresses = message.addresses
        this.#options.logger.info({ dataPlane: this.pid, addresses: message.addresses, starts: this.#starts }, 'data plane ready')
        this.#opened.resolve()
        return
      case 'failed':
        this.#opened.reject(new SealstoneError(isErrorCode(message.code) ? message.code : 'INTERNAL', message.message, { hint: message.hint }))
        this.#options.logger.error({ code: message.code, error: message.message }, 'the data plane did not start')
        this.#child?.disconnect()
        return
      case 'refused':
        this.#options.onRefusal(message.refusal).then(
          () => this.#child?.send({ kind: 'recorded', id: message.id, ok: true }),
          () => this.#child?.send({ kind: 'recorded', id: message.id, ok: false }),
        )
        return
      case 'login-refused':
        this.#options.onLoginRefused(message.refused)
        return
      case 'report':
        this.#options.onReport(message.report)
        return
      case 'drained':
        this.#drained.resolve()
    }
  }

  #onExit(how: string): void {
    this.#child = undefined
    this.#gone.resolve()
    this.#opened.reject(new SealstoneError('INTERNAL', `the data plane ended while it started (${how})`))
    if (this.#isClosing) return
    const delayMs = this.#failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** this.#failures, LONGEST_DELAY_MS) * (0.5 + Math.random() / 2)
    this.#failures += 1
    this.#options.logger.warn({ how, delayMs: Math.round(delayMs) }, 'data plane is gone')
    this.#retry = setTimeout(() => this.#start(), delayMs)
  }
}

/** Nothing of the state directory but its own folder and sockets: no key, no configuration, no audit log. */
function accessibleFiles({ listeners, database, roots }: DataPlaneSettings): { read: string[]; write: string[] } {
  const sockets = listeners.flatMap((listener) => (listener.kind === 'unix' ? [listener.path] : []))
  const certificates = listeners.flatMap((listener) => (listener.kind === 'tls' ? [listener.certFile, listener.keyFile, listener.clientCaFile] : []))
  const own = dirname(database)
  return { read: [PROTO_FOLDER, own, ...sockets, ...certificates, ...roots, '/proc/self/fd'], write: [own, ...sockets] }
}

const PROTO_FOLDER = join(import.meta.dirname, '../../proto')
const ENTRY = join(import.meta.dirname, `child${extname(import.meta.filename)}`)
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 10_000
const PATIENCE_MS = 2000
/** Garbage is collected by the bytes that came (child.ts); where few bytes come and many calls, after 4 MB of it. */
const COLLECTION = ['--expose-gc', '--max-semi-space-size=4']
