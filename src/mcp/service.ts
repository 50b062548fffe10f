/** What all tools share, for the life of the process: a server of the protocol's library lives for one connection, or for one request over HTTP. */
import type { Client } from '#client'
import { loadLogTrust, type LogTrust, type TrustSource } from '#client/offline'
import { defined } from '#core'
import { Approvals } from './approvals.ts'
import { HashingSlots } from './hashing-slots.ts'
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
  /** Called at the first need of a daemon. */
  readonly connect: () => Promise<Client>
}

export interface Signing {
  /** Names of the keys that may be used; the first one is the default. */
  readonly keys: readonly string[]
  /** Directories whose models may be signed. */
  readonly roots: readonly string[]
}

export interface Service extends McpOptions, AsyncDisposable {
  /** Real paths. */
  readonly roots: readonly string[]
  readonly hashing: HashingSlots
  readonly approvals: Approvals
  /** The one client, with its one connection. */
  client(): Promise<Client>
  /** Read anew each time; undefined where keys or roots are trusted and not a trust file. */
  logTrust(): Promise<LogTrust['trust'] | undefined>
}

/** Throws USAGE for a root that is no directory. */
export function openService(options: McpOptions): Service {
  let client: Promise<Client> | undefined
  return {
    ...options,
    roots: openRoots(options.roots),
    ...(options.signing === undefined ? {} : { signing: { ...options.signing, roots: openRoots(options.signing.roots) } }),
    approvals: new Approvals(),
    hashing: new HashingSlots({ atATime: HASHED_AT_A_TIME, waiting: HASHINGS_WAITING, timeoutMs: options.hashSeconds * 1000 }),
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
      await client?.then((open) => open.close())
    },
  }
}

const HASHED_AT_A_TIME = 2
const HASHINGS_WAITING = 8
