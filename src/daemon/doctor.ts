/** Looks at everything a daemon needs and says what is wrong and what to do. Uses no signing key and prints no secret. */
import { existsSync, lstatSync, statfsSync } from 'node:fs'
import { SealstoneError, silentLogger, toSealstoneError } from '#core'
import { startKeyHost } from '#keyhost'
import { selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { type Config, loadConfig } from './config.ts'
import { checkHome } from './home.ts'
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

export async function doctor(options: { readonly home: string }): Promise<DoctorReport> {
  const checks: DoctorCheck[] = []
  const check = async <Result>(name: string, look: () => Result | Promise<Result>, say: (result: Result) => string): Promise<Result | undefined> => {
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
  await check(
    'token',
    () => lookAtToken(config),
    (info) => info,
  )
  checks.push(daemonState(config))
  return finish(checks)
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
  const { pinFile } = tokenLocation(config)
  if (!existsSync(pinFile))
    throw new SealstoneError('TOKEN_PIN_REFUSED', `there is no PIN file at ${pinFile}`, { hint: 'put the PIN into that file, mode 0600' })
  const mode = lstatSync(pinFile).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new SealstoneError('HOME_INSECURE', `${pinFile} has mode 0${mode.toString(8)}, want 0600`, { hint: `chmod 600 ${pinFile}` })
  return pinFile
}

async function lookAtToken(config: Config): Promise<string> {
  const keyHost = await startKeyHost({ token: tokenLocation(config), logger: silentLogger })
  try {
    const info = await keyHost.tokenInfo()
    return `${info.label} (${info.model}, serial ${info.serial}), logged in`
  } finally {
    await keyHost.close()
  }
}

function daemonState(config: Config): DoctorCheck {
  const { socket } = config.listen
  if (existsSync(socket)) return { name: 'daemon', status: 'ok', detail: `socket at ${socket}` }
  return { name: 'daemon', status: 'warn', detail: 'not running', hint: 'start it with: sealstone serve' }
}

const LEAST_FREE_MIB = 512
