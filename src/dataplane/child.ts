/** The entry of the data plane's process: takes its settings over the channel, serves HashService, leaves when the channel closes. */
import { type Logger, SealstoneError, systemClock, toSealstoneError } from '#core'
import { childLogger } from '#children'
import { openDatabase } from '#db'
import { type CallFacts, type FramedServer, startFramedServer } from '#frames'
import { loadHasher } from '#hashing'
import { decide, identityOf } from '#policy'
import { loadProtos } from '#wire'
import { PathHashing } from './hash-path.ts'
import type { DataPlaneReport, DataPlaneSettings, FromDataPlane, Refusal, ToDataPlane } from './protocol.ts'
import { hashMethods } from './service.ts'
import { STREAM_MIGRATIONS, StreamStore } from './stream-store.ts'
import { Streams } from './streams.ts'

async function serve(settings: DataPlaneSettings): Promise<FramedServer> {
  const logger = childLogger()
  const store = new StreamStore(openDatabase(settings.database, STREAM_MIGRATIONS), MOST_STORED_SHARDS)
  const hashers = { sha256: await loadHasher('sha256'), blake2b: await loadHasher('blake2b'), blake3: await loadHasher('blake3') }
  const streams = new Streams(settings.streams, store, hashers, systemClock, (error) => tellUnsaved(logger, error))
  const report = new Report()
  const server = await startFramedServer({
    listeners: settings.listeners,
    methods: hashMethods({
      protos: loadProtos(),
      streams,
      paths: new PathHashing(settings.roots),
      ticketKey: settings.ticketKey,
      clock: systemClock,
      authorize: async (identity, operation) => {
        const decision = decide(settings.policy, identity, operation)
        if (decision.allowed) return
        await record({ identity, operation, reason: decision.reason })
        throw new SealstoneError('PERMISSION_DENIED', `${identity} may not ${operation}: ${decision.reason}`, { details: { operation } })
      },
    }),
    identify: identityOf,
    logger,
    clock: systemClock,
    limits: { idleMs: settings.idleMs },
    onCall: (facts) => report.add(facts),
    onBytes: collectingEvery(COLLECT_BYTES),
    onLoginRefused: (refused) => tell({ kind: 'login-refused', refused }),
  })
  setInterval(() => streams.saveAll(), SAVE_MS).unref()
  setInterval(() => streams.forgetOld(), FORGET_MS).unref()
  setInterval(() => tell({ kind: 'report', report: report.take(streams.running) }), REPORT_MS).unref()
  return server
}

/**
 * Node lets go of received bytes when V8 collects its young space, and V8 counts its own objects only: a few hundred bytes of them for each 64 KiB
 * that came. Collected by what came, a hundred MB less are held, and the next bytes find memory that is still in the processor's cache.
 */
function collectingEvery(bytes: number): (count: number) => void {
  const collect = globalThis.gc
  if (collect === undefined) throw new SealstoneError('INTERNAL', 'the data plane runs without --expose-gc')
  let since = 0
  return (count) => {
    since += count
    if (since < bytes) return
    since = 0
    collect({ type: 'minor', execution: 'sync' })
  }
}

/** What happened since it was told last. */
class Report {
  #bytes = 0
  readonly #calls = new Map<string, { method: string; code: string; count: number }>()

  add({ method: path, code, bytes }: CallFacts): void {
    const method = path.slice(path.lastIndexOf('/') + 1)
    const calls = this.#calls.get(`${method} ${code}`) ?? { method, code, count: 0 }
    this.#calls.set(`${method} ${code}`, { ...calls, count: calls.count + 1 })
    this.#bytes += bytes
  }

  take(streams: number): DataPlaneReport {
    const report = { bytes: this.#bytes, streams, calls: [...this.#calls.values()] }
    this.#bytes = 0
    this.#calls.clear()
    return report
  }
}

let toldUnsavedAt = Number.NEGATIVE_INFINITY

/** Once a minute, however often it is tried. */
function tellUnsaved(logger: Logger, error: unknown): void {
  const now = systemClock.monotonicMs()
  if (now - toldUnsavedAt < TELL_UNSAVED_MS) return
  toldUnsavedAt = now
  logger.error({ error: toSealstoneError(error).message }, 'finished parts of streams could not be saved: a restart would lose them')
}

let lastRefusal = 0
const waiting = new Map<number, (ok: boolean) => void>()

/** Throws AUDIT_UNAVAILABLE. */
async function record(refusal: Refusal): Promise<void> {
  const id = ++lastRefusal
  const { promise, resolve } = Promise.withResolvers<boolean>()
  waiting.set(id, resolve)
  tell({ kind: 'refused', id, refusal })
  if (!(await promise)) throw new SealstoneError('AUDIT_UNAVAILABLE')
}

function tell(message: FromDataPlane): void {
  process.send?.(message)
}

function run(): void {
  // A terminal's Ctrl-C and a service manager's SIGTERM reach the whole group: the daemon says when to drain.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => process.exit(0))
  let server: FramedServer | undefined
  process.on('message', (message: ToDataPlane) => {
    if (message.kind === 'recorded') {
      waiting.get(message.id)?.(message.ok)
      waiting.delete(message.id)
    } else if (message.kind === 'drain') {
      const drained = server?.drain(message.timeoutMs) ?? Promise.resolve()
      void drained.then(() => tell({ kind: 'drained' }))
    } else {
      serve(message.settings).then(
        (started) => {
          server = started
          tell({ kind: 'ready', addresses: started.addresses })
        },
        (thrown: unknown) => {
          const { code, message: text, hint } = toSealstoneError(thrown)
          if (code === 'INTERNAL') childLogger().error({ error: thrown instanceof Error ? thrown.stack : String(thrown) }, 'unexpected error')
          tell({ kind: 'failed', code, message: text, hint })
        },
      )
    }
  })
}

/** About 100 MB. */
const MOST_STORED_SHARDS = 1_000_000
/** 2 to 8 MiB measured the same, 1 a little slower. */
const COLLECT_BYTES = 4 * 1024 * 1024
const SAVE_MS = 250
const TELL_UNSAVED_MS = 60_000
const FORGET_MS = 60_000
const REPORT_MS = 1000

run()
