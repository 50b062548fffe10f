/** What the daemon has beside signing where its configuration asks for it: traces, metrics, the log sent and published, the console. The code of each is loaded only then. */
import type { ConsoleServer } from '#console'
import { defined, type Logger, newOperationId, parseIdentity, type Tracer } from '#core'
import type { Operations } from '#operations'
import type { ClockWatch } from './clock-watch.ts'
import type { LogSettings, TraceSettings } from './collector-settings.ts'
import type { Config } from './config.ts'
import type { ConsoleParts } from './console.ts'
import type { ConsoleSettings } from './listening-settings.ts'
import type { LogSending } from './log-sending.ts'
import type { Collected } from './metrics.ts'
import type { Runtime } from './runtime.ts'

/** What waits is sent when everything else has ended. */
export async function sendTraces(
  settings: TraceSettings,
  logger: Logger,
  collected: Collected | undefined,
): Promise<{ readonly tracer: Tracer } & AsyncDisposable> {
  const { startTracing } = await import('./tracing.ts')
  const tracing = startTracing(settings, logger, (spans) => collected?.spansDropped(spans))
  return { tracer: tracing.tracer, [Symbol.asyncDispose]: () => tracing.close() }
}

/** Closed when the daemon ends. */
export async function publishMetrics(
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

/** What waits is sent when everything else has ended, for a short while; the next start goes on from there. */
export async function sendLog(
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

/** Undefined where nobody outside may read the log. */
export async function publishTheLog(
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
export async function showConsole(settings: ConsoleSettings, parts: ConsoleParts): Promise<ConsoleServer> {
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
