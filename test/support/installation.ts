/** A whole installation in this process: real SoftHSM, real database, real audit log and operations; the clock is the test's. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, parseIdempotencyKey, parseIdentity, type KeyName, parseKeyName, silentLogger, silentMetrics, silentSpan, Timeline } from '#core'
import { openDatabase } from '#db'
import { type KeyHost, startKeyHost } from '#keyhost'
import { type KeyStore, openKeyStore } from '#keys'
import { type CallContext, Capacity, createOperations, type OperationContext, type Operations, type SignAnswer } from '#operations'
import type { PolicyTable } from '#policy'
import { nativeEngine } from '#suites/native'
import { policyDigest } from '../../src/daemon/config-digest.ts'
import { MIGRATIONS, openLog } from '../../src/daemon/runtime.ts'
import { makeToken, recordingLogger, type TestToken } from './softhsm.ts'
import { manifestOf } from './signing.ts'

export interface LiveInstallation extends AsyncDisposable {
  readonly operations: Operations
  readonly context: OperationContext
  readonly keys: KeyStore
  readonly folder: string
  readonly token: TestToken
  readonly keyHost: KeyHost
  readonly call: CallContext
  readonly log: ReturnType<typeof recordingLogger>
  readonly clock: TestClock
  /** The trust files as they were published. */
  readonly published: Uint8Array[]
  sign(key: string, version?: number): Promise<SignAnswer>
  /** A key that no other test has. */
  freshKey(): Promise<KeyName>
  /** Operations of the leaves of one kind, oldest first, as `operation result`. */
  events(kind: 'intent' | 'outcome'): string[]
  /** Of all leaves, in the order of the log. */
  times(): string[]
}

export interface TestClock extends Clock {
  /** Time passes. */
  advance(milliseconds: number): void
  /** Somebody sets it. */
  set(milliseconds: number): void
}

function testClock(start = Date.now()): TestClock {
  let offset = 0
  let passed = 0
  const begun = performance.now()
  return {
    now: () => new Date(start + offset + Math.floor(performance.now() - begun)),
    monotonicMs: () => performance.now() + passed,
    advance: (milliseconds) => {
      offset += milliseconds
      passed += milliseconds
    },
    set: (milliseconds) => {
      offset += milliseconds
    },
  }
}

const EVERYTHING: PolicyTable = [{ identity: '*', operations: ['*'], keys: ['*'] }]

export async function openInstallation(policy: PolicyTable = EVERYTHING): Promise<LiveInstallation> {
  await using opened = new AsyncDisposableStack()
  const token = await makeToken()
  opened.defer(() => token[Symbol.dispose]())
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-installation-'))
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))
  const imports = join(folder, 'import')
  mkdirSync(imports, { mode: 0o700 })
  const clock = testClock()
  const log = recordingLogger()
  const db = openDatabase(join(folder, 'sealstone.db'), MIGRATIONS)
  opened.defer(() => db.close())
  const keyHost = await startKeyHost({ token: token.location, logger: silentLogger, importFolder: imports })
  opened.defer(() => keyHost.close())
  const timeline = new Timeline(clock)
  const keys = openKeyStore({ db, keyHost, clock, timeline })
  await keys.createLogKeys()
  const { audit, trust } = await openLog({
    database: db,
    keyHost,
    logKeys: () => keys.logKeys(),
    origin: 'log.example/life',
    clock,
    timeline,
    logger: silentLogger,
  })
  opened.defer(() => audit.close())

  const published: Uint8Array[] = []
  const context: OperationContext = {
    audit,
    keys,
    backup: () => Promise.reject(new Error('no folder for backups')),
    policy,
    policyDigest: policyDigest(policy),
    verifySample: 0,
    ticketKeys: [],
    engine: nativeEngine(),
    log: trust,
    metrics: silentMetrics,
    capacity: new Capacity({ boundMs: 10_000, clock }),
    clock,
    logger: log,
    newConsoleLink: () => undefined,
    trustDays: 90,
    destroyWaitMs: 7 * 86_400_000,
    checkIdentityFile: () => {},
    importPath: (file) => join(imports, file),
    publishTrust: (document) => void published.push(document),
  }
  const operations = createOperations(context)
  const call: CallContext = { identity: parseIdentity('local'), signal: new AbortController().signal, peer: 'unix', span: silentSpan }
  const resources = opened.move()
  let requests = 0
  let names = 0
  return {
    operations,
    context,
    keys,
    folder,
    token,
    keyHost,
    call,
    log,
    clock,
    published,
    sign: (key, version) =>
      operations.sign(call, {
        key: parseKeyName(key),
        idempotencyKey: parseIdempotencyKey(`request-${++requests}`),
        content: { kind: 'manifest', manifest: manifestOf(['a.bin']) },
        ...(version === undefined ? {} : { keyVersion: version }),
      }),
    freshKey: async () => {
      const name = parseKeyName(`key-${++names}`)
      await operations.createKey(call, { name, suite: 'mldsa65-ecdsa-p256' })
      return name
    },
    events: (kind) =>
      [...audit.entries({ kind })].map(({ leaf: { operation, result, errorCode } }) => [operation, errorCode ?? result].filter(Boolean).join(' ')),
    times: () => [...audit.entries()].map(({ leaf }) => leaf.time),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
