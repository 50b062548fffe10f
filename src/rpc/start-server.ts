/** Opens the listeners, serves the operations on them, and drains. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PackageDefinition } from '@grpc/proto-loader'
import { type Server, Server as GrpcServer, type ServerOptions } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import { HealthImplementation, protoPath as healthProtoPath } from 'grpc-health-check'
import type { Clock, Logger } from '#core'
import type { Operations } from '#operations'
import { errorTranslator, loadDescriptors, loadProtos } from '#wire'
import { Admission } from './admission.ts'
import type { CallEnvironment } from './call-context.ts'
import { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts'
import { type Listener, type OpenListener, openListener } from './listeners.ts'
import { addServices, SERVICE_NAMES } from './services.ts'

export interface StartServerOptions {
  readonly operations: Operations
  /** At least one. */
  readonly listeners: readonly Listener[]
  readonly logger: Logger
  readonly clock: Clock
  readonly limits?: Partial<RpcLimits>
}

export interface RpcServer {
  /** `unix:/path` or `host:port`, in the order of the listeners; a port 0 is the one that was given. */
  readonly addresses: readonly string[]
  /** What the health service answers; NOT_SERVING at first. Calls are answered in either case. */
  setServing(serving: boolean): void
  /**
   * Takes no new connections and calls, lets calls in flight finish. Those that are not done after the time get DAEMON_DRAINING and their signal is
   * aborted. Resolves when every connection is closed.
   */
  drain(timeoutMs: number): Promise<void>
}

/** Throws DAEMON_RUNNING, CONFIG_INVALID, FILE_UNREADABLE or HOME_INSECURE; nothing stays open then. */
export async function startServer({ operations, listeners, logger, clock, limits: given }: StartServerOptions): Promise<RpcServer> {
  const limits = { ...DEFAULT_RPC_LIMITS, ...given }
  const protos = loadProtos()
  const translator = errorTranslator()
  const admission = new Admission(limits.concurrentCalls, translator)
  const health = new HealthImplementation(statuses('NOT_SERVING'))
  const reflection = new ReflectionService({ ...loadDescriptors(), ...loadHealthDescriptors() })

  const opened: { listener: OpenListener; server: Server }[] = []
  try {
    for (const listener of listeners) {
      if (listener.kind === 'insecure-loopback') logger.warn({ host: listener.host }, 'plain TCP: every user of this machine can connect')
      const server = new GrpcServer(serverOptions(limits, admission))
      const environment: CallEnvironment = { protos, translator, admission, logger, clock, limits, listener: listener.kind }
      addServices(server, operations, environment)
      health.addToServer(server)
      reflection.addToServer(server)
      opened.push({ listener: await openListener(listener, server, limits), server })
    }
  } catch (error) {
    for (const { listener, server } of opened) {
      server.forceShutdown()
      listener.destroy()
    }
    throw error
  }

  const setServing = (serving: boolean): void => {
    for (const [name, status] of Object.entries(statuses(serving ? 'SERVING' : 'NOT_SERVING'))) health.setStatus(name, status)
  }
  const closeAll = async (timeoutMs: number): Promise<void> => {
    setServing(false)
    admission.close()
    for (const { listener } of opened) listener.close()
    const closed = Promise.all(opened.map(({ server }) => shutDown(server)))
    if (!(await within(closed, timeoutMs))) {
      logger.warn({ calls: admission.running }, 'calls were not done in time and are given up')
      admission.giveUp()
      await within(closed, FLUSH_MS)
    }
    for (const { listener, server } of opened) {
      server.forceShutdown()
      listener.destroy()
    }
  }
  let drained: Promise<void> | undefined
  return { addresses: opened.map(({ listener }) => listener.address), setServing, drain: (timeoutMs) => (drained ??= closeAll(timeoutMs)) }
}

function serverOptions(limits: RpcLimits, admission: Admission): ServerOptions {
  return {
    interceptors: [admission.interceptor],
    'grpc.max_receive_message_length': limits.messageBytes,
    'grpc.max_send_message_length': limits.messageBytes,
    'grpc.max_concurrent_streams': limits.callsPerConnection,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_idle_ms': limits.idleConnectionMs,
    'grpc.enable_channelz': 0,
  }
}

function statuses(status: 'SERVING' | 'NOT_SERVING'): Record<string, typeof status> {
  return Object.fromEntries(['', ...SERVICE_NAMES].map((name) => [name, status])) // the empty name is the whole server
}

function loadHealthDescriptors(): PackageDefinition {
  return loadDescriptors(healthProtoPath)
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => server.tryShutdown(() => resolve()))
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
