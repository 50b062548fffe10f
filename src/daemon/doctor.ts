/** Looks at everything a daemon needs and says what is wrong and what to do. Uses no signing key and prints no secret. */
import { existsSync, lstatSync, statfsSync } from 'node:fs'
import { SealstoneError, silentLogger, systemClock, Timeline, toSealstoneError } from '#core'
import { acquireLock, openDatabase } from '#db'
import { startKeyHost } from '#keyhost'
import { openKeyStore } from '#keys'
import { selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { type Config, loadConfig } from './config.ts'
import { checkHome, type HomePaths } from './home.ts'
import { MIGRATIONS, openLog } from './runtime.ts'
import { tokenLocation } from './token-location.ts'

export interface DoctorCheck {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly hint?: string
}

export interface DoctorReport {
  readonly ok: boolean
  readonly checks: readonly DoctorCheck[]
}

/** Adds one check: what `look` finds is said by `say`, what it throws is the failure. */
type CheckRunner = <Result>(name: string, look: () => Result | Promise<Result>, say: (result: Result) => string) => Promise<Result | undefined>

export async function doctor(options: { readonly home: string }): Promise<DoctorReport> {
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
  const home = await check(
    'state directory',
    () => checkHome(options.home),
    (paths) => `${paths.home}, closed to others`,
  )
  if (home === undefined) return finish(checks)
  checks.push(freeSpace(home.home))
  const config = await check(
    'configuration',
    () => loadConfig(options.home),
    () => 'every setting is valid',
  )
  if (config === undefined) return finish(checks)
  await check(
    'pin file',
    () => checkPinFile(config),
    (path) => `${path}, closed to others`,
  )
  await checkInside(check, home, config)
  return finish(checks)
}

/** What a start would look at, without starting: token, keys, and the log if no daemon is writing it. */
async function checkInside(check: CheckRunner, paths: HomePaths, config: Config): Promise<void> {
  await using opened = new AsyncDisposableStack()
  const keyHost = await check(
    'token',
    async () => {
      const started = await startKeyHost({ token: tokenLocation(config.token), logger: silentLogger })
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
    ({ keys }) =>
      `all in the token, and they sign: ${keys
        .list()
        .map(({ name }) => name)
        .join(', ')}, and those of the log`,
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

function finish(checks: readonly DoctorCheck[]): DoctorReport {
  return { ok: checks.every(({ status }) => status !== 'fail'), checks }
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
  const mode = lstatSync(pinFile).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new SealstoneError('HOME_INSECURE', `${pinFile} has mode 0${mode.toString(8)}, want 0600`, { hint: `chmod 600 ${pinFile}` })
  return pinFile
}

const LEAST_FREE_MIB = 512
