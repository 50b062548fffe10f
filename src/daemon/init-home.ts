/** Sets up a state directory: token, keys, audit log, configuration, trust file. `config.toml` is written last and marks it as complete. */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { defined, type KeyName, newOperationId, parseIdentity, parseKeyName, SealstoneError, silentLogger, systemClock, Timeline } from '#core'
import { openDatabase } from '#db'
import { makeDirectories } from '#files'
import { formatTokenUri, provisionSoftHsm, startKeyHost, type TokenLocation } from '#keyhost'
import { type KeyRecord, openKeyStore, recordProtection } from '#keys'
import { DEFAULT_SUITE, findSuite, fingerprint, selfTest, type SuiteId } from '#suites'
import { nativeEngine } from '#suites/native'
import { DEFAULT_DESTROY_WAIT_HOURS, DEFAULT_QUEUE_MS, DEFAULT_TRUST_DAYS, moduleEnvironment, type SerialForm } from './config.ts'
import { configTemplate } from './config-template.ts'
import { homeTrustIssuer } from './home-trust.ts'
import { parseRecipients } from './recovery-recipients.ts'
import { homePaths, refuseUsedHome } from './home.ts'
import { MIGRATIONS, openLog } from './runtime.ts'
import { tokenLocation } from './token-location.ts'

export interface InitOptions {
  readonly home: string
  /** Suite of the first key; default `mldsa65-ecdsa-p256`. */
  readonly suite?: string
  /** Name of the first key; default `default`. */
  readonly key?: string
  /** RFC 7512 URI of a token that exists; without it a SoftHSM token is made inside the state directory. */
  readonly token?: string
  /** The environment that the named token's module needs. */
  readonly tokenEnv?: Readonly<Record<string, string>>
  /** Path of the SoftHSM module, where it is not in a usual place. */
  readonly module?: string
  /** How receipts name the token; default `plain`. */
  readonly serial?: SerialForm
  /** age recipients to whom every key is encrypted too, those of the log among them. */
  readonly recoveryRecipients?: readonly string[]
  /** The log's name; default is made of the host's name and a random number. */
  readonly logOrigin?: string
  /** Processes of the daemon's key host; default one less than the machine has cores. */
  readonly keyHostChildren?: number
}

export interface InitReport {
  readonly home: string
  readonly token: { readonly label: string; readonly serial: string; readonly model: string; readonly module: string }
  readonly key: { readonly name: string; readonly suite: string; readonly fingerprint: string; readonly companionFingerprint?: string }
  readonly log: { readonly origin: string; readonly keys: readonly string[] }
}

/** Throws HOME_EXISTS, SUITE_*, TOKEN_*; what it made itself is removed again then. */
export async function initHome(options: InitOptions): Promise<InitReport> {
  const suite = findSuite(options.suite ?? DEFAULT_SUITE)
  const keyName = parseKeyName(options.key ?? 'default')
  const recipients = parseRecipients(options.recoveryRecipients ?? [])
  const origin = checkOrigin(options.logOrigin ?? defaultOrigin())
  const engine = nativeEngine()
  selfTest(engine)
  refuseUsedHome(options.home)
  process.umask(0o077)
  await makeHome(options.home)
  try {
    return await fillHome(options, { suite: suite.id, keyName, origin, recipients })
  } catch (error) {
    // Only our own beginnings are here: the directory was empty before.
    for (const name of readdirSync(options.home)) rmSync(join(options.home, name), { recursive: true, force: true })
    throw error
  }
}

async function fillHome(
  options: InitOptions,
  chosen: { suite: SuiteId; keyName: KeyName; origin: string; recipients: string[] },
): Promise<InitReport> {
  const paths = homePaths(options.home)
  const { uri, location } = await chooseToken(options)
  await using opened = new AsyncDisposableStack()
  const database = openDatabase(paths.database, MIGRATIONS)
  opened.defer(() => database.close())
  const keyHost = await startKeyHost({ token: location, logger: silentLogger })
  opened.defer(() => keyHost.close())

  // The log comes first, so that the making of the first key is in it.
  const timeline = new Timeline(systemClock)
  const keys = openKeyStore({ db: database, keyHost, clock: systemClock, timeline, recipients: chosen.recipients })
  const logKeys = await keys.createLogKeys()
  const log = await openLog({ database, keyHost, logKeys: () => logKeys, origin: chosen.origin, clock: systemClock, timeline, logger: silentLogger })
  opened.defer(() => log.audit.close())
  const event = {
    operationId: newOperationId(),
    caller: parseIdentity('local'),
    operation: 'keys.create',
    key: chosen.keyName,
    keyVersion: 1,
    suite: chosen.suite,
  }
  await log.audit.append({ kind: 'intent', ...event })
  const record = await keys.create({ name: chosen.keyName, suite: chosen.suite })
  await log.audit.complete({ kind: 'outcome', ...event, result: 'ok', keyProtection: recordProtection(record) })

  const settings = {
    trustDays: DEFAULT_TRUST_DAYS,
    destroyWaitHours: DEFAULT_DESTROY_WAIT_HOURS,
    queueMs: DEFAULT_QUEUE_MS,
    audit: { verifySample: 0 },
  }
  await homeTrustIssuer({ audit: log.audit, keys, log: log.trust, paths, settings }).current()
  mkdirSync(paths.imports, { mode: 0o700 })
  const config = configTemplate({
    tokenUri: uri,
    env: location.env ?? {},
    origin: chosen.origin,
    serial: options.serial ?? 'plain',
    recipients: chosen.recipients,
    ...defined({ children: options.keyHostChildren }),
  })
  writeFileSync(paths.config, config, { mode: 0o600, flush: true })
  const token = await keyHost.tokenInfo()
  return report(options.home, record, { ...token, module: location.modulePath }, log.trust)
}

/** The one that is named, or a new one inside the state directory. */
export async function chooseToken(
  options: Pick<InitOptions, 'home' | 'token' | 'tokenEnv' | 'module' | 'serial'>,
): Promise<{ uri: string; location: TokenLocation }> {
  if (options.token !== undefined)
    return {
      uri: options.token,
      location: tokenLocation({
        uri: options.token,
        env: moduleEnvironment(new Map(Object.entries(options.tokenEnv ?? {}))),
        serial: options.serial ?? 'plain',
      }),
    }
  const location = await provisionSoftHsm({
    home: options.home,
    label: 'sealstone',
    ...(options.module === undefined ? {} : { modulePath: options.module }),
  })
  return { uri: formatTokenUri(location), location: { ...location, hashSerial: options.serial === 'hashed' } }
}

function report(home: string, record: KeyRecord, token: InitReport['token'], log: InitReport['log']): InitReport {
  const engine = nativeEngine()
  return {
    home,
    token: { label: token.label, serial: token.serial, model: token.model, module: token.module },
    key: {
      name: record.name,
      suite: record.hybrid.suite,
      fingerprint: fingerprint(engine, record.hybrid.spki),
      ...(record.companion === undefined ? {} : { companionFingerprint: fingerprint(engine, record.companion.spki) }),
    },
    log,
  }
}

export async function makeHome(home: string): Promise<void> {
  try {
    await makeDirectories(home, 0o700)
    chmodSync(home, 0o700)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    throw new SealstoneError('INPUT_INVALID', `the state directory ${home} cannot be made (${reason})`, {
      cause,
      hint: 'name another directory with SEALSTONE_HOME',
    })
  }
}

/** c2sp.org/tlog-checkpoint: a schema-less URL-like name without spaces or plus signs, unique to this log. */
function defaultOrigin(): string {
  const host =
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, '-') || 'localhost'
  return `${host}/sealstone/${randomBytes(8).toString('hex')}`
}

function checkOrigin(origin: string): string {
  if (/^[\x21-\x2a\x2c-\x7e]{1,255}$/.test(origin)) return origin
  throw new SealstoneError('INPUT_INVALID', `log origin is ${JSON.stringify(origin)}, want 1–255 printable ASCII characters without space and +`)
}
