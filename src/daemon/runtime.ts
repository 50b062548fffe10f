/** Opens everything a daemon stands on, in order, and closes it in the opposite order. */
import { AUDIT_MIGRATIONS, type AuditLog, type CallerNames, CosignatureStore, openAuditLog } from '#audit'
import { type Clock, defined, type Logger, type Metrics, type SealstoneError, silentMetrics, Timeline, toSealstoneError } from '#core'
import { Cosigning } from '#cosigning'
import { acquireLock, type Database, openDatabase } from '#db'
import type { TrustFile } from '#envelopes'
import { type KeyHost, startKeyHost } from '#keyhost'
import { KEY_MIGRATIONS, type KeyStore, type LogKeys, openKeyStore } from '#keys'
import { openPseudonyms } from '#pseudonyms'
import { type Engine, logSignatureVerifier, selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import { type Authority, startStamping } from '#timestamps'
import { checkpointSigner, logTrust } from './checkpoint-signer.ts'
import { BoundedEvents } from './bounded-events.ts'
import type { Config } from './config.ts'
import { checkHome } from './home.ts'
import { pinRefused, recordPinRefusal } from './login-refusals.ts'
import { type LastRun, readLastRun } from './last-run.ts'
import { tokenLocation } from './token-location.ts'
import { openAuthority } from './timestamp-settings.ts'
import type { WitnessSettings } from './witness-settings.ts'

export const MIGRATIONS = [...KEY_MIGRATIONS, ...AUDIT_MIGRATIONS]

export interface Runtime extends AsyncDisposable {
  readonly engine: Engine
  readonly database: Database
  readonly keyHost: KeyHost
  readonly keys: KeyStore
  readonly audit: AuditLog
  /** The log's name and verifier keys, as the trust file publishes them. */
  readonly log: TrustFile['log']
  /** Asks the witnesses, where there are any. */
  readonly cosigning: Cosigning | undefined
  /** What others bring about, for the log. */
  readonly events: BoundedEvents
  /** What the log said of the daemon before, when it was opened. */
  readonly lastRun: LastRun
  /** Time as the log gives it. */
  readonly timeline: Timeline
  /** Intents that the last run left open and this start closed as `unknown`. */
  readonly recovered: number
}

/** Throws SELF_TEST_FAILED, HOME_*, DAEMON_RUNNING, TOKEN_*, DATABASE_UNAVAILABLE or AUDIT_CORRUPT; nothing stays open then. */
export async function openRuntime(home: string, config: Config, clock: Clock, logger: Logger, metrics: Metrics = silentMetrics): Promise<Runtime> {
  const engine = nativeEngine()
  selfTest(engine)
  const paths = checkHome(home)
  await using opened = new AsyncDisposableStack()

  // One daemon per state directory: two would fork the log. The lock dies with the process.
  const lock = acquireLock(paths.lock)
  opened.defer(() => lock.release())
  const database = openDatabase(paths.database, MIGRATIONS)
  opened.defer(() => database.close())
  const told: { events?: BoundedEvents } = {} // as soon as there is a log
  const onPinRefused = (error: SealstoneError): void => void told.events?.record(pinRefused(error))
  const keyHost = await startKeyHost({
    token: tokenLocation(config.token, paths.home),
    logger,
    importFolder: paths.imports,
    keepKeysMs: config.keepKeysMs,
    onWaited: (seconds) => metrics.took('queue', seconds),
    onPinRefused,
    ...defined({ children: config.keyHostChildren }),
  }).catch(async (thrown: unknown) => {
    const error = toSealstoneError(thrown)
    if (error.code === 'TOKEN_PIN_REFUSED') await recordPinRefusal({ database, origin: config.audit.origin, clock, logger }, error)
    throw error
  })
  opened.defer(() => keyHost.close())
  const timeline = new Timeline(clock)
  const pseudonyms = openPseudonyms(paths.pseudonymKey, config.audit.pseudonyms === 'callers')
  const keys = openKeyStore({
    db: database,
    keyHost,
    clock,
    timeline,
    recipients: config.recoveryRecipients,
    // A process of its own: no identity is ever in one that goes on living.
    openRecoveryHost: (identityFile) =>
      startKeyHost({ token: tokenLocation(config.token, paths.home), logger, children: 1, keepKeysMs: 0, identityFile, onPinRefused }),
  })
  // Without its log nothing is signed; a fault of one key concerns that key alone and is found by the canary.
  await keys.checkLogKeys()

  const authority = config.timestamps === undefined ? undefined : openAuthority(config.timestamps)
  const { audit, trust, cosigning } = await openLog({
    database,
    keyHost,
    logKeys: () => keys.logKeys(),
    origin: config.audit.origin,
    ...defined({ cold: config.audit.cold }),
    clock,
    timeline,
    logger,
    metrics,
    ...defined({ witnesses: config.witnesses, authority }),
    callers: pseudonyms,
  })
  opened.defer(() => audit.close())
  // No witness any more: what they said is not published any longer.
  if (cosigning === undefined) new CosignatureStore(database).forgetAll()
  opened.defer(async () => cosigning?.close())
  cosigning?.start()
  const events = new BoundedEvents({ audit, clock, logger })
  told.events = events
  if (config.timestamps !== undefined && authority !== undefined) {
    const stamping = startStamping({
      // With witnesses only what has a quorum: a receipt is to have both.
      checkpoint: () => (cosigning === undefined ? audit.checkpoint() : cosigning.quorate()?.note),
      keeper: new CosignatureStore(database),
      authority,
      everyMs: config.timestamps.everyMs,
      clock,
      logger,
      onAnswer: (result) => metrics.timestamped({ result }),
    })
    opened.defer(() => stamping.close())
  }
  const lastRun = readLastRun(audit)
  const recovered = await audit.recover()

  const resources = opened.move()
  return {
    engine,
    database,
    keyHost,
    keys,
    audit,
    cosigning,
    log: trust,
    events,
    lastRun,
    timeline,
    recovered,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

export interface LogParts {
  readonly database: Database
  readonly keyHost: KeyHost
  readonly logKeys: () => LogKeys
  readonly origin: string
  /** Directory of the leaves that were moved out of the database. */
  readonly cold?: string
  readonly clock: Clock
  /** The key store's. */
  readonly timeline: Timeline
  readonly logger: Logger
  readonly metrics?: Metrics
  readonly witnesses?: WitnessSettings
  readonly authority?: Authority
  readonly callers?: CallerNames
}

/** The audit log with its signer: the two log keys, used through the key host. */
export async function openLog({
  database,
  keyHost,
  logKeys,
  origin,
  cold,
  clock,
  timeline,
  logger,
  metrics = silentMetrics,
  witnesses,
  authority,
  callers,
}: LogParts): Promise<{ audit: AuditLog; trust: TrustFile['log']; cosigning: Cosigning | undefined }> {
  const verifier = logSignatureVerifier(nativeEngine())
  const keeper = new CosignatureStore(database)
  let cosigning: Cosigning | undefined
  const audit = await openAuditLog({
    db: database,
    origin,
    signer: checkpointSigner({ origin, logKeys, keyHost, clock }),
    verifier,
    timeline,
    logger,
    ...defined({ callers, cold }),
    onCommit: (seconds) => {
      metrics.took('commit', seconds)
      cosigning?.wake()
    },
    cosigned: (index) => {
      const stamped = authority === undefined ? undefined : keeper.stampedCovering(index)
      return stamped !== undefined && cosigning?.isQuorate(stamped) !== false ? stamped : cosigning?.covering(index)?.note
    },
    // A checkpoint costs the key host about as much as a signature, and a commit an fsync: while the key host has enough to do, or would be
    // given little by this batch, more signings share both. What waits is mostly its next work, so it is not left to run out.
    isWorthWaiting: (entries) => keyHost.load >= BUSY_COMMANDS || (keyHost.load >= FEW_COMMANDS && entries < FEW_ENTRIES),
  })
  if (witnesses !== undefined) {
    const onAnswer = (witness: string, result: 'ok' | 'failed'): void => metrics.cosigned({ witness, result })
    cosigning = new Cosigning({ log: audit, keeper, verifier, clock, logger, onAnswer, ...witnesses })
  }
  return { audit, cosigning, trust: logTrust(origin, logKeys(), defined({ witnesses, authority })) }
}

const BUSY_COMMANDS = 12
const FEW_COMMANDS = 4
const FEW_ENTRIES = 16
