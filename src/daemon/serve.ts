/** Runs the daemon: open, listen, answer until a signal, drain, close. */
import { constants } from 'node:os'
import { type Clock, defined, type Logger, newOperationId, parseIdentity, silentMetrics, systemClock, toSealstoneError, type Tracer } from '#core'
import type { ConsoleServer } from '#console'
import { startWriteBack } from '#db'
import type { Listener, LoginRefused } from '#listeners'
import { createOperations, type OperationContext, type Operations } from '#operations'
import { type RpcServer, startServer } from '#rpc'
import { parseVerifierKey } from '#tlog'
import { Archiver } from './archiver.ts'
import type { BoundedEvent } from './bounded-events.ts'
import { type ClockWatch, watchClock } from './clock-watch.ts'
import type { LogSettings, TraceSettings } from './collector-settings.ts'
import { configDigest, policyDigest } from './config-digest.ts'
import { type Config, type ConsoleSettings, loadConfig, type LogLevel, splitAddress } from './config.ts'
import type { ConsoleParts } from './console.ts'
import { startHashService } from './hash-service.ts'
import { homePaths } from './home.ts'
import { clientRefused } from './login-refusals.ts'
import { LogCheck } from './log-check.ts'
import type { LogSending } from './log-sending.ts'
import { createLogger } from './logging.ts'
import type { Collected } from './metrics.ts'
import { operationContext } from './operation-context.ts'
import { openRuntime, type Runtime } from './runtime.ts'
import { openTicketKeys } from './ticket-key.ts'
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
    config.console && (await showConsole(config.console, { ...runtime, paths, ...defined({ cold: config.audit.cold }), clock: systemClock, logger }))
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

/** What a start has looked at already needs no second look. Undefined where it is not wanted. */
function checkTheLog(
  { audit, log, events }: Runtime,
  { audit: { cold, checkHours } }: Config,
  database: string,
  logger: Logger,
): LogCheck | undefined {
  if (checkHours === 0) return undefined
  const keys = log.keys.map(parseVerifierKey)
  const check = new LogCheck({ database, ...defined({ cold }), log: { origin: log.origin, keys } }, checkHours * HOUR_MS, { events, logger })
  if (audit.size() <= SEEN_AT_START) check.later()
  else void check.run()
  return check
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

/** What waits is sent when everything else has ended. */
async function sendTraces(
  settings: TraceSettings,
  logger: Logger,
  collected: Collected | undefined,
): Promise<{ readonly tracer: Tracer } & AsyncDisposable> {
  const { startTracing } = await import('./tracing.ts')
  const tracing = startTracing(settings, logger, (spans) => collected?.spansDropped(spans))
  return { tracer: tracing.tracer, [Symbol.asyncDispose]: () => tracing.close() }
}

/** What waits is sent when everything else has ended, for a short while; the next start goes on from there. */
async function sendLog(
  settings: LogSettings,
  positionPath: string,
  from: bigint,
  { audit }: Runtime,
  logger: Logger,
): Promise<LogSending & AsyncDisposable> {
  const { startLogSending } = await import('./log-sending.ts')
  const sending = startLogSending(settings, { audit, positionPath, from, logger })
  return { ...sending, [Symbol.asyncDispose]: () => sending.close() }
}

/** Closed when the daemon ends. */
async function publishMetrics(
  { registry }: Collected,
  config: Config,
  {
    keyHost,
    keys,
    audit,
    cosigning,
    clockWatch,
    unsent,
    logFaults,
  }: Runtime & {
    readonly clockWatch: ClockWatch
    readonly unsent: () => number | undefined
    readonly logFaults: () => number | undefined
  },
  operations: Operations,
  logger: Logger,
): Promise<AsyncDisposable> {
  const [{ observeDaemon }, { serveMetrics }] = await Promise.all([import('./metrics.ts'), import('./metrics-server.ts')])
  observeDaemon(registry, {
    keyHost,
    keys,
    operations,
    logSize: () => audit.size(),
    clockJumps: () => clockWatch.jumps,
    cosigning,
    unsent,
    logFaults,
  })
  const server = await serveMetrics(config.metrics ?? { host: '127.0.0.1', port: 0 }, registry, logger)
  logger.info({ address: server.address }, 'metrics')
  return { [Symbol.asyncDispose]: () => server.close() }
}

/** Undefined where nobody outside may read the log. */
async function publishTheLog(
  { publish, audit: { cold } }: Config,
  database: string,
  logger: Logger,
  collected: Collected | undefined,
): Promise<AsyncDisposable | undefined> {
  if (publish.http === undefined && publish.directory === undefined) return undefined
  const { startLogPublisher } = await import('./log-publisher.ts')
  return await startLogPublisher(
    { database, ...defined({ cold }), ...publish },
    logger,
    collected?.publishing ?? { onPublished() {}, onFailure() {}, onAnswered() {} },
  )
}

/** Closed when the daemon ends. The first link is told in the daemon's log lines, as their reader is who started the daemon; the audit log says so before. */
async function showConsole(settings: ConsoleSettings, parts: ConsoleParts): Promise<ConsoleServer> {
  const { openConsole } = await import('./console.ts')
  const server = await openConsole(settings, parts)
  const { url, minutes } = server.newLink()
  try {
    const facts = { operationId: newOperationId(), caller: parseIdentity('local'), operation: 'console.open', result: 'ok' } as const
    await parts.audit.append({ kind: 'log-export', ...facts, reason: `a link to the console at the start, good for ${minutes} minutes` })
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  parts.logger.info({ address: server.origin, link: url, minutes }, 'console')
  return server
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

/** Health says whether signing can be expected to work: balancers and people look there. */
function followKeyHost({ keyHost }: Runtime, server: RpcServer): NodeJS.Timeout {
  let serving = true
  return setInterval(() => {
    if (keyHost.isAvailable === serving) return
    serving = keyHost.isAvailable
    server.setServing(serving)
  }, READINESS_MS).unref()
}

/** Runs the work again and again with a pause in between; `stop` waits for what runs. */
function repeat(work: () => Promise<void>, pauseMs: number): { stop(): Promise<void> } {
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const wait = (): void => {
    timer = setTimeout(() => {
      running = work().finally(() => {
        running = undefined
        if (!stopped) wait()
      })
    }, pauseMs).unref()
  }
  wait()
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** Once an hour, answers older than the configured time are forgotten. */
function keepAnswers(runtime: Runtime, config: Config, clock: Clock, logger: Logger): NodeJS.Timeout {
  const forget = (): void => {
    try {
      runtime.audit.forgetAnswersBefore(new Date(clock.now().getTime() - config.audit.answerRetentionHours * HOUR_MS))
    } catch (error) {
      logger.error({ error: toSealstoneError(error).message }, 'old answers could not be removed')
    }
  }
  forget()
  return setInterval(forget, HOUR_MS).unref()
}

/** A stream is taken up again later: there is no need to wait for its end. */
const STREAM_DRAIN_SECONDS = 2
/** Entries, at least. */
const SEEN_AT_START = 4096n
const READINESS_MS = 500
const MAINTENANCE_MS = 5000
const TELL_MS = 60_000
const HOUR_MS = 3_600_000
