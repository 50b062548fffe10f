/** The parent's view of the key host: generate, sign, check. The keys, the PIN and the PKCS#11 module are in the child processes alone. */
import { availableParallelism } from 'node:os'
import { defined, type Logger, SealstoneError } from '#core'
import { selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import type { KeyMaterial } from './key-material.ts'
import {
  type AdoptRequest,
  type GenerateRequest,
  type ImportRequest,
  KEY_HOST_LIMITS,
  type MeasureRequest,
  type PrimitiveTimes,
  type RecoverRequest,
  type SignItem,
  type TokenInfo,
  type WrappingKeyName,
} from './protocol.ts'
import { pinFiles } from './pin-files.ts'
import { Supervisor } from './supervisor.ts'
import type { TokenLocation } from './token-uri.ts'
import type { Priority } from './work-queue.ts'

export interface KeyHost {
  tokenInfo(): Promise<TokenInfo>
  /** Makes a key in the token. Nothing refers to it until the caller stores what is returned: a crash before that leaves an unused object. */
  generateKey(request: GenerateRequest): Promise<KeyMaterial>
  /** Takes over a classical key that is in the token. Throws KEY_UNKNOWN, KEY_UNUSABLE or SUITE_UNSUPPORTED. */
  adoptKey(request: AdoptRequest): Promise<KeyMaterial>
  /** Reads an ML-DSA key from a file and seals it. Throws KEY_INVALID, FILE_UNREADABLE or TOKEN_*. */
  importKey(request: ImportRequest): Promise<KeyMaterial>
  /** Puts a key back from its recovery blob, into this token. Throws RECOVERY_INVALID, FILE_UNREADABLE or TOKEN_*. */
  recoverKey(request: RecoverRequest): Promise<KeyMaterial>
  /** Removes private halves from the token; what is gone already is no error. */
  destroyKeys(keys: readonly KeyMaterial[]): Promise<void>
  /**
   * Decides which wrapping key seals from now on: a new one, or the one of an earlier change that did not end.
   * @param named CKA_IDs of the wrapping keys that sealed seeds name
   */
  beginReseal(named: readonly string[]): Promise<WrappingKeyName>
  /** The same keys, their seeds sealed by the wrapping key that seals now; at most 64. */
  reseal(keys: readonly KeyMaterial[]): Promise<KeyMaterial[]>
  /** Destroys the wrapping keys that neither seal nor are named; their CKA_IDs. Waits first for everything that was asked for before. */
  endReseal(named: readonly string[]): Promise<string[]>
  /** Times the bare primitives of one key, for benchmarks. */
  measure(request: MeasureRequest): Promise<PrimitiveTimes>
  /** One whole signature per item, in order, in one round trip. Default deadline 30 s. */
  sign(items: readonly SignItem[], options?: SignOptions): Promise<Uint8Array[]>
  /** Throws TOKEN_KEY_MISMATCH or SEALED_SEED_INVALID unless each key is the recorded one and signs. */
  check(keys: readonly KeyMaterial[]): Promise<void>
  close(): Promise<void>
  /** Whether signing can be expected to work. */
  readonly isAvailable: boolean
  /** How often a lost child was replaced. */
  readonly respawns: number
  /** Of the children that live now; the first one is also the one that makes keys. */
  readonly pids: readonly number[]
  readonly pid: number | undefined
  /** Commands that wait or run. */
  readonly load: number
}

export interface SignOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** Default `normal`. */
  readonly priority?: Priority
  /** Whose turn it is. */
  readonly caller?: string
}

export interface KeyHostOptions {
  readonly token: TokenLocation
  readonly logger: Logger
  /** A child that is silent for so long while it has work is killed. Default 20,000. */
  readonly watchdogMs?: number
  /** How many children sign; default is one less than the machine has cores, at least 1. */
  readonly children?: number
  /** How long an expanded ML-DSA key is kept in a child after its last signature, in milliseconds; default 2,000, 0: not at all. */
  readonly keepKeysMs?: number
  /** Told how many seconds a command waited for a child. */
  readonly onWaited?: (seconds: number) => void
  /** The token did not take the PIN, at the start or of a process that came later. */
  readonly onPinRefused?: (error: SealstoneError) => void
  /** Absolute path of the folder whose private keys may be imported; nothing else on the disk can be. */
  readonly importFolder?: string
  /** Absolute path of a file with age identities that may be read, for `recoverKey`. */
  readonly identityFile?: string
}

/** Throws TOKEN_* or SELF_TEST_FAILED; no process is left then. */
export async function startKeyHost({
  token,
  logger,
  watchdogMs = 20_000,
  children = defaultChildren(),
  keepKeysMs = KEEP_KEYS_MS,
  importFolder,
  identityFile,
  onWaited,
  onPinRefused,
}: KeyHostOptions): Promise<KeyHost> {
  selfTest(nativeEngine())
  const { env, ...open } = token
  const supervisor = new Supervisor({
    child: { env: env ?? {}, files: readableFiles(token, [importFolder, identityFile]) },
    open: { ...open, keepKeysMs },
    logger,
    watchdogMs,
    children,
    ...defined({ onWaited, onPinRefused }),
  })
  try {
    await supervisor.start()
  } catch (error) {
    await supervisor.close()
    throw error
  }
  return {
    tokenInfo: async () => supervisor.info as TokenInfo,
    generateKey: (request) => supervisor.submit({ kind: 'generate', request }, SLOW),
    adoptKey: (request) => supervisor.submit({ kind: 'adopt', request }, SLOW),
    importKey: (request) => supervisor.submit({ kind: 'import', request }, SLOW),
    recoverKey: (request) => supervisor.submit({ kind: 'recover', request }, SLOW),
    destroyKeys: async (keys) => {
      await supervisor.submit({ kind: 'destroy', request: keys }, SLOW)
    },
    beginReseal: (named) => supervisor.submit({ kind: 'begin-reseal', request: named }, SLOW),
    reseal: (keys) => supervisor.submit({ kind: 'reseal', request: keys }, SLOW),
    endReseal: async (named) => {
      await supervisor.settled()
      return supervisor.submit({ kind: 'end-reseal', request: named }, SLOW)
    },
    measure: (request) => supervisor.submit({ kind: 'measure', request }, SLOW),
    sign: async (items, options = {}) => {
      const bytes = checkLimits(items)
      return supervisor.submit({ kind: 'sign', request: items }, { timeoutMs: SIGN_TIMEOUT_MS, ...options, bytes })
    },
    check: async (keys) => {
      await supervisor.submit({ kind: 'check', request: keys }, SLOW)
    },
    close: () => supervisor.close(),
    get isAvailable() {
      return supervisor.isAvailable
    },
    get respawns() {
      return supervisor.respawns
    },
    get pids() {
      return supervisor.pids
    },
    get pid() {
      return supervisor.pids[0]
    },
    get load() {
      return supervisor.load
    },
  }
}

/** One core is left for the process that talks to the network. PKCS#11 calls are synchronous: a child signs one thing at a time. */
export function defaultChildren(): number {
  return Math.max(1, availableParallelism() - 1)
}

function readableFiles(token: TokenLocation, others: readonly (string | undefined)[]): { readonly read: string[]; readonly write: string[] } {
  const { read, write } = pinFiles(token)
  return { read: [...read, ...others.filter((path) => path !== undefined)], write }
}

function checkLimits(items: readonly SignItem[]): number {
  if (items.length === 0 || items.length > KEY_HOST_LIMITS.items) {
    throw new SealstoneError('INPUT_INVALID', `${items.length} messages to sign, want 1 to ${KEY_HOST_LIMITS.items}`)
  }
  for (const { message } of items) {
    if (message.length > KEY_HOST_LIMITS.messageBytes) {
      throw new SealstoneError('MESSAGE_TOO_LARGE', `message to sign is ${message.length} bytes, want at most ${KEY_HOST_LIMITS.messageBytes}`)
    }
  }
  return items.reduce((sum, { message }) => sum + message.length, 0)
}

const KEEP_KEYS_MS = 2000
const SIGN_TIMEOUT_MS = 30_000
const SLOW = { timeoutMs: 300_000, bytes: 0 } as const
