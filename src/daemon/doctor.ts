/** Looks at everything a daemon needs and says what is wrong and what to do. Uses no signing key and prints no secret. */
import { existsSync, lstatSync, statfsSync } from 'node:fs'
import { defined, describeValidation, isClosedToOthers, SealstoneError, silentLogger, systemClock, Timeline, toSealstoneError } from '#core'
import { acquireLock, openDatabase } from '#db'
import { type ProbeFacts, type ProbeRow, hashedSerial, startKeyHost, type TokenProbe } from '#keyhost'
import { openKeyStore } from '#keys'
import { selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { type Config, loadConfig } from './config.ts'
import { type Choice, chooseFor } from './doctor-choice.ts'
import { checkCold } from './doctor-cold.ts'
import { hideNames } from './doctor-hidden.ts'
import { type Fix, pinFault, tokenFixes, tryToken } from './doctor-probe.ts'
import { checkBlake3 } from './doctor-hashing.ts'
import { checkClock, checkLimits, type SystemFacts, systemFacts } from './doctor-system.ts'
import { checkWitnesses } from './doctor-witnesses.ts'
import { checkHome, homePaths, type HomePaths } from './home.ts'
import { MIGRATIONS, openLog } from './runtime.ts'
import { tokenLocation } from './token-location.ts'

export interface DoctorCheck {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly hint?: string
}

/** What an operator pastes into a bug report: no PIN, no seed, and paths in the state directory as `$SEALSTONE_HOME/…`. */
export interface DoctorReport {
  /** No check failed and nothing that was tried of the token. */
  readonly ok: boolean
  readonly system: SystemFacts
  readonly checks: readonly DoctorCheck[]
  /** What the token says of itself; absent where it could not be asked. */
  readonly token?: ProbeFacts
  /** What was tried, in order; absent where no login could be made, and with `quick`. */
  readonly probe?: readonly ProbeRow[]
  /** What a daemon would do with it; only beside `probe`. */
  readonly choice?: Choice
  readonly fix: readonly Fix[]
}

export interface DoctorOptions {
  readonly home: string
  /** Asks the token and checks keys and log, without trying what it can do. */
  readonly quick?: boolean
}

/** Adds one check: what `look` finds is said by `say`, what it throws is the failure. */
type CheckRunner = <Result>(name: string, look: () => Result | Promise<Result>, say: (result: Result) => string) => Promise<Result | undefined>

export async function doctor({ home: folder, quick = false }: DoctorOptions): Promise<DoctorReport> {
  const checks: DoctorCheck[] = []
  const check: CheckRunner = async (name, look, say) => {
    try {
      const result = await look()
      checks.push({ name, status: 'ok', detail: say(result) })
      return result
    } catch (thrown) {
      const error = toSealstoneError(thrown)
      checks.push({ name, status: 'fail', detail: error.message, hint: error.hint })
      return undefined
    }
  }
  const paths = homePaths(folder)
  const system = systemFacts(paths.config)
  const finish = (tried: Tried = {}): DoctorReport => report({ folder, system, checks, ...tried })

  await check('runtime', checkRuntime, (version) => `Node ${version}, OpenSSL ${process.versions.openssl}`)
  await check(
    'engine native',
    () => selfTest(nativeEngine()),
    () => 'known-answer tests pass, ML-DSA context is honoured',
  )
  await check(
    'engine portable',
    () => selfTest(portableEngine()),
    () => 'known-answer tests pass',
  )
  checks.push(await checkBlake3())
  await check('limits', () => checkLimits(system), said)
  await check('clock', () => checkClock(paths.database), said)
  const home = await check(
    'state directory',
    () => checkHome(folder),
    () => `${folder}, closed to others`,
  )
  if (home === undefined) return finish()
  checks.push(freeSpace(home.home))
  const config = await check(
    'configuration',
    () => loadConfig(folder),
    () => 'every setting is valid',
  )
  if (config === undefined) return finish()
  if (config.audit.cold !== undefined) checks.push(await checkCold(config.audit.cold, home))
  if (config.witnesses !== undefined) checks.push(await checkWitnesses(config.witnesses))
  await check(
    'pin file',
    () => checkPinFile(config),
    (path) => `${path}, closed to others`,
  )
  const probe = await check('token module', () => tryToken(folder, config, quick), describeModule)
  if (probe === undefined) return finish()
  const refusal = pinFault(probe)
  // Whatever a start would do: a doctor spends no attempt of a counter that is low, and none after the probe's own was refused.
  if (refusal === undefined) await checkInside(check, home, config)
  else checks.push({ name: 'token', status: 'fail', detail: refusal.message, hint: refusal.hint })
  return finish({ probe, config })
}

interface Tried {
  readonly probe?: TokenProbe
  readonly config?: Config
}

function report({
  folder,
  system,
  checks,
  probe,
  config,
}: Tried & Pick<DoctorReport, 'system' | 'checks'> & { readonly folder: string }): DoctorReport {
  const choice = probe === undefined || config === undefined || probe.rows.length === 0 ? undefined : chooseFor(probe.facts, probe.rows, config)
  const fix = [
    ...checks.flatMap(({ name, status, detail, hint }) =>
      status === 'ok' ? [] : [{ what: `${name}: ${detail}`, how: hint ?? 'see docs/operations.md' }],
    ),
    ...(probe === undefined ? [] : tokenFixes(probe, choice?.children ?? 1)),
  ]
  const serial = probe?.facts.serial ?? ''
  const shown = config?.token.serial === 'hashed' ? hashedSerial(serial) : serial
  return hideNames<DoctorReport>(
    {
      ok: checks.every(({ status }) => status !== 'fail') && probe?.rows.every(({ result }) => result !== 'fails') !== false,
      system,
      checks,
      ...(probe === undefined ? {} : { token: probe.facts }),
      ...(choice === undefined ? {} : { probe: probe?.rows ?? [], choice }),
      fix,
    },
    { folder, serial, shown },
  )
}

function describeModule({ facts }: TokenProbe): string {
  const validated = (facts.validations ?? []).map((one) => `; validated: ${describeValidation(one)}`).join('')
  return `${facts.module}: ${facts.library}; token firmware ${facts.firmware}, hardware ${facts.hardware}, ${facts.mechanisms} mechanisms${validated}`
}

function said(text: string): string {
  return text
}

/** What a start would look at, without starting: token, keys, and the log if no daemon is writing it. */
async function checkInside(check: CheckRunner, paths: HomePaths, config: Config): Promise<void> {
  await using opened = new AsyncDisposableStack()
  const keyHost = await check(
    'token',
    async () => {
      const started = await startKeyHost({ token: tokenLocation(config.token, paths.home), logger: silentLogger })
      opened.defer(() => started.close())
      return { started, info: await started.tokenInfo() }
    },
    ({ info }) => `${info.label} (${info.model}, serial ${info.serial}), logged in`,
  )
  if (keyHost === undefined) return
  const store = await check(
    'keys',
    async () => {
      const database = openDatabase(paths.database, MIGRATIONS)
      opened.defer(() => database.close())
      const timeline = new Timeline(systemClock)
      const keys = openKeyStore({ db: database, keyHost: keyHost.started, clock: systemClock, timeline })
      await keys.check()
      return { database, keys, timeline }
    },
    ({ keys }) => `all in the token, and they sign: ${[...new Set(keys.list().map(({ name }) => name))].join(', ')}, and those of the log`,
  )
  const free = await check(
    'daemon',
    () => takeLock(paths.lock, opened),
    (taken) => (taken ? 'not running; start it with: sealstone serve' : 'running; it checked the log when it started'),
  )
  if (store === undefined || free !== true) return
  await check(
    'audit log',
    async () => {
      const parts = {
        database: store.database,
        timeline: store.timeline,
        keyHost: keyHost.started,
        logKeys: () => store.keys.logKeys(),
        origin: config.audit.origin,
        ...defined({ cold: config.audit.cold }),
      }
      const { audit } = await openLog({ ...parts, clock: systemClock, logger: silentLogger })
      opened.defer(() => audit.close())
      return audit.size()
    },
    (size) => `${size} entries, as the last checkpoint says`,
  )
}

function takeLock(path: string, opened: AsyncDisposableStack): boolean {
  try {
    const lock = acquireLock(path)
    opened.defer(() => lock.release())
    return true
  } catch (error) {
    if (error instanceof SealstoneError && error.code === 'DAEMON_RUNNING') return false
    throw error
  }
}

function checkRuntime(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 26 || (major === 26 && minor < 10)) {
    throw new SealstoneError('INTERNAL', `Node is ${process.versions.node}, want at least 26.10.0`, {
      hint: 'start Sealstone by its own launcher after: make setup',
    })
  }
  return process.versions.node
}

function freeSpace(home: string): DoctorCheck {
  const { bavail, bsize } = statfsSync(home)
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20)
  const detail = `${freeMiB} MiB free for the audit log`
  if (freeMiB >= LEAST_FREE_MIB) return { name: 'disk', status: 'ok', detail }
  return { name: 'disk', status: 'warn', detail, hint: 'free some space: a full disk stops all signing' }
}

function checkPinFile(config: Config): string {
  const { pinFile } = tokenLocation(config.token)
  if (!existsSync(pinFile))
    throw new SealstoneError('TOKEN_PIN_REFUSED', `there is no PIN file at ${pinFile}`, { hint: 'put the PIN into that file, mode 0600' })
  const stats = lstatSync(pinFile)
  if (!isClosedToOthers(pinFile, stats))
    throw new SealstoneError('HOME_INSECURE', `${pinFile} has mode 0${(stats.mode & 0o777).toString(8)}, want 0600`, { hint: `chmod 600 ${pinFile}` })
  return pinFile
}

const LEAST_FREE_MIB = 512
