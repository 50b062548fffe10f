/** The entry of the data plane's process: takes its settings over the channel, serves HashService, leaves when the channel closes. */
import { SealstoneError, systemClock, toSealstoneError } from '#core'
import { childLogger } from '#children'
import { openDatabase } from '#db'
import { type FramedServer, startFramedServer } from '#frames'
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
  const store = new StreamStore(openDatabase(settings.database, STREAM_MIGRATIONS))
  const hashers = { sha256: await loadHasher('sha256'), blake2b: await loadHasher('blake2b'), blake3: await loadHasher('blake3') }
  const streams = new Streams(settings.streams, store, hashers, systemClock)
  const report = { bytes: 0, calls: {} as Record<string, number> }
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
    onCall: ({ method, code, bytes }) => {
      report.bytes += bytes
      const name = `${method.split('/').at(-1)} ${code}`
      report.calls[name] = (report.calls[name] ?? 0) + 1
    },
  })
  setInterval(() => streams.saveAll(), SAVE_MS).unref()
  setInterval(() => streams.forgetOld(), FORGET_MS).unref()
  setInterval(() => {
    tell({ kind: 'report', report: { ...report, streams: streams.running } satisfies DataPlaneReport })
    report.bytes = 0
    report.calls = {}
  }, REPORT_MS).unref()
  return server
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
          tell({ kind: 'failed', code, message: text, hint })
        },
      )
    }
  })
}

const SAVE_MS = 250
const FORGET_MS = 60_000
const REPORT_MS = 1000

run()
