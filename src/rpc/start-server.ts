/** Opens the listeners, serves the operations on them, and drains. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation } from 'grpc-health-check'
import { type Clock, type Logger, silentTracer, type Tracer } from '#core'
import { type Listener, type OnLoginRefused, type OpenListener, openListener } from '#listeners'
import type { Operations } from '#operations'
import { errorTranslator, loadDescriptors, loadProtos } from '#wire'
import { Admission } from './admission.ts'
import { Followers } from './followers.ts'
import { LargeRequests } from './large-requests.ts'
import { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts'
import { addServices, SERVICE_NAMES } from './services.ts'

export interface StartServerOptions {
  readonly operations: Operations
  /** At least one. */
  readonly listeners: readonly Listener[]
  readonly logger: Logger
  readonly clock: Clock
  readonly onLoginRefused?: OnLoginRefused
  /** Default: no traces. */
  readonly tracer?: Tracer
  readonly limits?: Partial<RpcLimits>
}

export interface RpcServer {
  /** `unix:/path` or `host:port`, in the order of the listeners; a port 0 is the one that was given. */
  readonly addresses: readonly string[]
  /** What the health service answers; NOT_SERVING at first. Calls are answered in either case. */
  setServing(serving: boolean): void
  /**
   * Lets calls in flight finish, those too whose callers have gone; meanwhile health answers NOT_SERVING and new calls get DAEMON_DRAINING. What is
   * not done after the time gets DAEMON_DRAINING and its signal is aborted. Resolves when every connection is closed.
   */
  drain(timeoutMs: number): Promise<void>
}

/** Throws DAEMON_RUNNING, CONFIG_INVALID, FILE_UNREADABLE or HOME_INSECURE; nothing stays open then. */
export async function startServer({
  operations,
  listeners,
  logger,
  clock,
  onLoginRefused,
  tracer = silentTracer,
  limits: given,
}: StartServerOptions): Promise<RpcServer> {
  const limits = { ...DEFAULT_RPC_LIMITS, ...given }
  const protos = loadProtos()
  const translator = errorTranslator()
  const admission = new Admission(limits, translator, clock)
  const followers = new Followers(limits, admission, clock)
  const largeRequests = new LargeRequests(limits.largeRequests)
  const health = new HealthImplementation(statuses('NOT_SERVING'))
  const reflection = new ReflectionService(loadDescriptors())

  const opened: Opened[] = []
  try {
    for (const listener of listeners) {
      const server = new Server(serverOptions(limits, admission))
      addServices(server, operations, {
        onLoginRefused,
        protos,
        translator,
        admission,
        largeRequests,
        followers,
        logger,
        tracer,
        clock,
        limits,
        listener: listener.kind,
      })
      health.addToServer(server)
      reflection.addToServer(server)
      const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
      opened.push({
        server,
        listener: await openListener(listener, limits, { logger, onLoginRefused }, (connection) => injector.injectConnection(connection)),
      })
    }
  } catch (error) {
    cut(opened)
    throw error
  }

  const setServing = (serving: boolean): void => {
    for (const [name, status] of Object.entries(statuses(serving ? 'SERVING' : 'NOT_SERVING'))) health.setStatus(name, status)
  }
  let drained: Promise<void> | undefined
  const drain = (timeoutMs: number): Promise<void> => {
    setServing(false)
    drained ??= drainAll(opened, admission, logger, timeoutMs)
    return drained
  }
  return { addresses: opened.map(({ listener }) => listener.address), setServing, drain }
}

interface Opened {
  readonly server: Server
  readonly listener: OpenListener
}

async function drainAll(opened: readonly Opened[], admission: Admission, logger: Logger, timeoutMs: number): Promise<void> {
  admission.close()
  // Connections are waited for here: grpc-js, which did not open them, says that they are closed before their last bytes are out.
  const closed = opened.map(({ listener }) => listener.close())
  for (const { server } of opened) server.tryShutdown(() => {})
  const done = Promise.all([admission.idle(), ...closed])
  if (!(await within(done, timeoutMs))) {
    logger.warn({ calls: admission.running, timeoutMs }, 'calls were not done in time and are given up')
    admission.giveUp()
    await within(done, FLUSH_MS)
  }
  cut(opened)
}

function cut(opened: readonly Opened[]): void {
  for (const { server, listener } of opened) {
    server.forceShutdown()
    listener.destroy()
  }
}

function serverOptions(limits: RpcLimits, admission: Admission): ServerOptions {
  return {
    interceptors: [admission.interceptor],
    'grpc.max_receive_message_length': limits.messageBytes,
    'grpc.max_send_message_length': limits.messageBytes,
    'grpc.max_concurrent_streams': limits.callsPerConnection,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_age_ms': limits.connectionAgeMs,
    'grpc.max_connection_age_grace_ms': limits.connectionAgeMs,
    'grpc.max_connection_idle_ms': limits.idleConnectionMs,
    'grpc.enable_channelz': 0,
  }
}

function statuses(status: 'SERVING' | 'NOT_SERVING'): Record<string, typeof status> {
  return Object.fromEntries(['', ...SERVICE_NAMES].map((name) => [name, status])) // the empty name is the whole server
}

async function within(done: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController()
  try {
    return await Promise.race([done.then(() => true), sleep(timeoutMs, false, { signal: timer.signal })])
  } finally {
    timer.abort()
  }
}

/** How long the last refusals may take to reach their callers. */
const FLUSH_MS = 500
