/** Runs the daemon: open, listen, answer until a signal, drain, close. */
import { constants } from 'node:os'
import { type Clock, defined, type Logger, newOperationId, parseIdentity, silentMetrics, systemClock, toSealstoneError } from '#core'
import { startWriteBack } from '#db'
import type { Listener, LoginRefused } from '#listeners'
import { createOperations, type OperationContext } from '#operations'
import { startServer } from '#rpc'
import { parseVerifierKey } from '#tlog'
import { Archiver } from './archiver.ts'
import { publishMetrics, publishTheLog, sendLog, sendTraces, showConsole } from './beside-signing.ts'
import type { BoundedEvent } from './bounded-events.ts'
import { watchClock } from './clock-watch.ts'
import { configDigest, policyDigest } from './config-digest.ts'
import { type Config, loadConfig, type LogLevel } from './config.ts'
import { startHashService } from './hash-service.ts'
import { homePaths } from './home.ts'
import { splitAddress } from './listening-settings.ts'
import { clientRefused, linkRefused } from './login-refusals.ts'
import type { LogCheck } from './log-check.ts'
import { createLogger } from './logging.ts'
import { operationContext } from './operation-context.ts'
import { checkTheLog, followKeyHost, keepAnswers, repeat } from './recurring-work.ts'
import { openRuntime, type Runtime } from './runtime.ts'
import { openTicketKeys } from './ticket-key.ts'
import { tellReady } from './service-manager.ts'
import { writeStartLeaves } from './start-leaves.ts'
import { mendTrustFile } from './trust-publisher.ts'
import { writeBackup } from './write-backup.ts'

export interface ServeOptions {
  readonly home: string
  /** `host:port` on a loopback address, without TLS. For tests and development only; warned about in the log. */
  readonly insecureLoopback?: string
  readonly logLevel?: LogLevel
}

/** Resolves with the exit code once a SIGTERM or SIGINT was obeyed. Throws what stops a start; nothing stays open then. */
export async function serve(options: ServeOptions): Promise<number> {
  const config = loadConfig(options.home)
  const logger = createLogger(options.logLevel ?? config.logLevel)
  const stop = waitForSignal()
  process.umask(0o077)
  const collected = config.metrics === undefined ? undefined : (await import('./metrics.ts')).collectMetrics()
  const metrics = collected?.metrics ?? silentMetrics
  await using tracing = config.traces === undefined ? undefined : await sendTraces(config.traces, logger, collected)
  await using runtime = await openRuntime(options.home, config, systemClock, logger, metrics)
  await using _writeBack = startWriteBack(runtime.database, logger)
  const firstOfThisRun = runtime.audit.size()
  const digests = { configDigest: configDigest(config, commandLine(options)), policyDigest: policyDigest(config.policy) }
  await writeStartLeaves(runtime, digests, systemClock)
  // A start that ends before it serves is no crash: the next one must not tell of one.
  let isStopTold = false
  await using _stopLeaf = {
    [Symbol.asyncDispose]: async () => {
      if (!isStopTold) await tellStop(runtime, 'the start failed', logger)
    },
  }
  const { events } = runtime
  const onLinkRefused = () => void events.record(linkRefused())
  const onLoginRefused = (refused: LoginRefused) => void events.record(clientRefused(refused, config.audit.pseudonyms === 'off'))
  using clockWatch = watchClock(systemClock, logger, (byMs) => void events.record(clockStep(byMs, systemClock)))

  const paths = homePaths(options.home)
  const backup = async () => {
    const { folder, manifest } = await writeBackup({ ...runtime, paths, size: () => runtime.audit.size(), clock: systemClock })
    return { ...manifest, folder }
  }
  const ticketKeys = config.hash === undefined ? undefined : openTicketKeys(paths.ticketKey, systemClock)
  const operations = createOperations(
    operationContext({
      ...runtime,
      witnesses: witnessPort(runtime, config),
      ticketKeys: ticketKeys?.accepted ?? [],
      paths,
      settings: config,
      policy: config.policy,
      backup,
      archive: archivePort(runtime, config, paths.database),
      newConsoleLink: () => console?.newLink(),
      metrics,
      clock: systemClock,
      logger,
    }),
  )
  await operations.prepare()
  const checked: { by?: LogCheck | undefined } = {}
  const issued = runtime.keys.trust()
  if (issued !== undefined) mendTrustFile(paths.trust, issued.document)

  await using _metrics =
    collected === undefined
      ? undefined
      : await publishMetrics(
          collected,
          config,
          { ...runtime, clockWatch, unsent: () => sending?.unsent(), logFaults: () => checked.by?.faults },
          operations,
          logger,
        )
  await using hashing =
    config.hash === undefined || ticketKeys === undefined
      ? undefined
      : await startHashService(config.hash, {
          config,
          paths,
          ticketKey: ticketKeys.current,
          audit: runtime.audit,
          logger,
          onLoginRefused,
          onReport: (report) => collected?.hashed(report),
        })
  await using sending = config.logs && (await sendLog(config.logs, paths.logsSent, firstOfThisRun, runtime, logger))
  await using _published = await publishTheLog(config, paths.database, logger, collected)
  await using console =
    config.console &&
    (await showConsole(config.console, { ...runtime, paths, ...defined({ cold: config.audit.cold }), clock: systemClock, logger, onLinkRefused }))
  const server = await startServer({
    operations,
    listeners: listeners(config, options.insecureLoopback),
    logger,
    clock: systemClock,
    onLoginRefused,
    ...defined({ tracer: tracing?.tracer }),
  })
  await using logCheck = checkTheLog(runtime, config, paths.database, logger)
  checked.by = logCheck
  const retention = keepAnswers(runtime, config, systemClock, logger)
  server.setServing(true)
  const readiness = followKeyHost(runtime, server)
  const maintenance = repeat(() => operations.maintain(), MAINTENANCE_MS)
  const canary = repeat(() => operations.testNextKey(), config.canarySeconds * 1000)
  const telling = repeat(() => events.flush(), TELL_MS)
  const counting = repeat(() => operations.tellCounted(), config.audit.verifySummarySeconds * 1000)
  logger.info({ addresses: [...server.addresses, ...(hashing?.addresses ?? [])], pid: process.pid, recovered: runtime.recovered }, 'ready')
  void tellReady(logger)

  const signal = await stop
  logger.info({ signal }, 'draining')
  clearInterval(retention)
  clearInterval(readiness)
  await Promise.all([maintenance.stop(), canary.stop(), telling.stop(), counting.stop()])
  await Promise.all([server.drain(config.drainSeconds * 1000), hashing?.close(Math.min(config.drainSeconds, STREAM_DRAIN_SECONDS) * 1000)])
  await Promise.all([events.flush(), operations.tellCounted()])
  isStopTold = true
  await tellStop(runtime, signal, logger)
  logger.info({}, 'stopped')
  return 0
}

function archivePort({ log }: Runtime, { audit }: Config, database: string): OperationContext['archive'] {
  return audit.cold === undefined
    ? undefined
    : new Archiver({ database, directory: audit.cold, log: { origin: log.origin, keys: log.keys.map(parseVerifierKey) } })
}

function witnessPort({ cosigning }: Runtime, { witnesses }: Config): OperationContext['witnesses'] {
  if (cosigning === undefined || witnesses === undefined) return undefined
  return {
    waitMs: witnesses.waitMs,
    waitFor: (index, milliseconds) => cosigning.waitFor(index, milliseconds),
    covering: (index) => cosigning.covering(index),
  }
}

function listeners(config: Config, insecureLoopback: string | undefined): Listener[] {
  const all: Listener[] = [{ kind: 'unix', path: config.listen.socket }]
  if (config.listen.tls !== undefined) all.push({ kind: 'tls', ...config.listen.tls })
  if (insecureLoopback !== undefined) all.push({ kind: 'insecure-loopback', ...splitAddress(insecureLoopback, '--insecure-loopback') })
  return all
}

/** What the command line adds to the configuration, as far as it opens a door. */
function commandLine({ insecureLoopback }: ServeOptions): Readonly<Record<string, string>> {
  return insecureLoopback === undefined ? {} : { '--insecure-loopback': insecureLoopback }
}

function clockStep(byMs: number, clock: Clock): BoundedEvent {
  const what = byMs > 0 ? 'the clock was set forward' : 'the clock was set back'
  return {
    kind: 'clock-step',
    operation: 'serve',
    caller: parseIdentity('local'),
    what,
    only: { clockStepMs: byMs, detail: `to ${clock.now().toISOString()}` },
  }
}

async function tellStop(runtime: Runtime, reason: string, logger: Logger): Promise<void> {
  await recordStop(runtime, reason).catch((error: unknown) => {
    logger.error({ error: toSealstoneError(error).message }, 'the stop could not be logged')
  })
}

async function recordStop(runtime: Runtime, reason: string): Promise<void> {
  await runtime.audit.append({
    kind: 'daemon-stop',
    operationId: newOperationId(),
    caller: parseIdentity('local'),
    operation: 'serve',
    result: 'ok',
    reason,
  })
}

/** The first signal drains; a second one gives up waiting. What is lost then is only replies: outcomes are durable before they are sent. */
function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!first) process.exit(128 + constants.signals[signal])
        first = false
        resolve(signal)
      })
    }
  })
}

/** A stream is taken up again later: there is no need to wait for its end. */
const STREAM_DRAIN_SECONDS = 2
const MAINTENANCE_MS = 5000
const TELL_MS = 60_000
