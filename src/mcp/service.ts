/** What all tools share, for the life of the process: a server of the protocol's library lives for one connection, or for one request over HTTP. */
import type { Client } from '#client'
import { loadLogTrust, type LogTrust, type TrustSource } from '#client/offline'
import { defined } from '#core'
import { Approvals } from './approvals.ts'
import type { Guard, ModelDecision } from '#launch'
import { HashingSlots } from './hashing-slots.ts'
import { PreparedModels } from './prepared-models.ts'
import { openRoots } from './roots.ts'

export interface McpOptions {
  readonly version: string
  /** Directories that callers may name paths in; default none. */
  readonly roots: readonly string[]
  /** The operator's choice, never the caller's. */
  readonly trust: TrustSource
  readonly trustMemory?: string
  readonly require?: 'hybrid' | 'classical'
  readonly requireProtection?: 'token' | 'hsm'
  /** Seconds that hashing one model may take. */
  readonly hashSeconds: number
  /** Absent: nothing is signed, and no tool offers to. */
  readonly signing?: Signing
  /** Absent: no model is guarded for a host, and no tool offers to. */
  readonly preparing?: PreparingOptions
  /** Called at the first need of a daemon. */
  readonly connect: () => Promise<Client>
}

export interface Signing {
  /** Names of the keys that may be used; the first one is the default. */
  readonly keys: readonly string[]
  /** Directories whose models may be signed. */
  readonly roots: readonly string[]
}

export interface PreparingOptions {
  /** As `prepareModel` of the room launch takes them. */
  readonly guardFolder: string
  readonly guard?: Exclude<Guard, 'none'>
  readonly copyLimitBytes?: number
  /**
   * Whether the audit log has it. Throws where the log is demanded and cannot be written: nothing is prepared then.
   */
  record(decision: ModelDecision): Promise<boolean>
}

export interface Preparing extends PreparingOptions {
  readonly models: PreparedModels
}

export interface Service extends McpOptions, AsyncDisposable {
  /** Real paths. */
  readonly roots: readonly string[]
  readonly hashing: HashingSlots
  readonly approvals: Approvals
  readonly preparing?: Preparing
  /** The one client, with its one connection. */
  client(): Promise<Client>
  /** Read anew each time; undefined where keys or roots are trusted and not a trust file. */
  logTrust(): Promise<LogTrust['trust'] | undefined>
}

/** Throws USAGE for a root that is no directory. */
export function openService(options: McpOptions): Service {
  let client: Promise<Client> | undefined
  const hashing = new HashingSlots({ atATime: HASHED_AT_A_TIME, waiting: HASHINGS_WAITING, timeoutMs: options.hashSeconds * 1000 })
  const { preparing, ...others } = options
  const models = new PreparedModels(hashing)
  return {
    ...others,
    ...(preparing === undefined ? {} : { preparing: { ...preparing, models } }),
    roots: openRoots(options.roots),
    ...(options.signing === undefined ? {} : { signing: { ...options.signing, roots: openRoots(options.signing.roots) } }),
    approvals: new Approvals(),
    hashing,
    client: () => {
      client ??= options.connect()
      client.catch(() => (client = undefined)) // the next call tries again
      return client
    },
    logTrust: async () => {
      if (options.trust.kind !== 'trust-file') return undefined
      return (await loadLogTrust(options.trust.path, { now: new Date(), ...defined({ memory: options.trustMemory }) })).trust
    },
    [Symbol.asyncDispose]: async () => {
      await models[Symbol.asyncDispose]()
      await client?.then((open) => open.close())
    },
  }
}

const HASHED_AT_A_TIME = 2
const HASHINGS_WAITING = 8
