/** A TPM 2.0 token for tests: swtpm, tpm2-abrmd on a D-Bus of its own and a tpm2-pkcs11 store, all in one folder, gone with the test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TokenLocation } from '#keyhost'
import { eventually } from './eventually.ts'
import { PROJECT } from './sealstone.ts'

export interface TpmToken {
  /** For `startKeyHost`: module, label, PIN file, environment. */
  readonly location: TokenLocation
  /** What the TPM says of itself now, such as `TPM2_PT_LOCKOUT_COUNTER`: past the module, asked by tpm2_getcap. */
  properties(): Promise<ReadonlyMap<string, number>>
  /** What the TPM's owner does after too many wrong PINs. */
  unlock(): Promise<void>
  /** Its daemons end; the PIN file and the store stay until `stop`. */
  unplug(): Promise<void>
  stop(): Promise<void>
}

/** One such stack per test file. Needs no root, no system bus and no systemd. Throws with the logs of what did not start. */
export async function makeTpmToken(label = 'test'): Promise<TpmToken> {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-tpm-'))
  const daemons = new Daemons(folder)
  const stop = async (): Promise<void> => {
    await daemons.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const env = await startStack(folder, daemons)
    const properties = (): Promise<ReadonlyMap<string, number>> => readProperties(env)
    const modulePath = findModule()
    const pinFile = join(folder, 'user.pin')
    const userPin = randomBytes(16).toString('hex')
    writeFileSync(pinFile, `${userPin}\n`, { mode: 0o600 })
    await tool('tpm2_ptool', ['init', '--path', env.TPM2_PKCS11_STORE], env)
    await initialise({ modulePath, label, userPin, soPin: randomBytes(16).toString('hex') }, env)
    const unlock = async (): Promise<void> => void (await tool('tpm2_dictionarylockout', ['--clear-lockout'], env))
    return { location: { modulePath, token: label, pinFile, env }, properties, unlock, unplug: () => daemons.stop(), stop }
  } catch (error) {
    const logs = daemons.logs()
    await stop()
    throw new Error(`no TPM token could be made; the last words of its daemons:\n${logs}`, { cause: error })
  }
}

interface TpmEnvironment extends Readonly<Record<string, string>> {
  readonly DBUS_SESSION_BUS_ADDRESS: string
  readonly TPM2_PKCS11_STORE: string
  readonly TPM2_PKCS11_TCTI: string
}

/** A TPM alone has room for three objects and no idea whose they are; tpm2-abrmd gives each client its own and takes them back. */
async function startStack(folder: string, daemons: Daemons): Promise<TpmEnvironment> {
  const [state, store, socket, bus, busConfiguration] = ['state', 'store', 'tpm', 'bus', 'bus.conf'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
    string,
  ]
  for (const directory of [state, store]) mkdirSync(directory, { mode: 0o700 })
  writeFileSync(busConfiguration, busConfig(bus))
  const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus}`, TPM2_PKCS11_STORE: store, TPM2_PKCS11_TCTI: TCTI }
  const server = ['--server', `type=unixio,path=${socket}`, '--ctrl', `type=unixio,path=${socket}.ctrl`]
  daemons.start('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${state}`, ...server, '--flags', 'startup-clear'])
  daemons.start('dbus-daemon', [`--config-file=${busConfiguration}`, '--nofork', '--nopidfile'])
  await eventually(() => {
    for (const path of [`${socket}.ctrl`, bus]) if (!existsSync(path)) throw new Error(`the socket ${path} did not appear`)
  })
  const asRoot = process.getuid?.() === 0 ? ['--allow-root'] : [] // it wants to be told that this is meant
  // Three keys for each client: as few as behind /dev/tpmrm0, where tpm2-abrmd gives 27 of itself.
  daemons.start('tpm2-abrmd', ['--session', '--max-transients=3', `--tcti=swtpm:path=${socket}`, ...asRoot], env)
  await eventually(() => readProperties(env))
  return env
}

class Daemons {
  readonly #folder: string
  readonly #running: ChildProcess[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  /** It dies with this process, also when that is killed (prctl PR_SET_PDEATHSIG). */
  start(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    const log = join(this.#folder, `${name}.log`)
    const script = 'log=$1; shift; exec "$@" >"$log" 2>&1'
    const command = ['/bin/sh', '-c', script, name, log, name, ...args]
    this.#running.push(spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { env: environment(env), stdio: 'ignore' }))
  }

  logs(): string {
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.log'))
    return names.map((name) => `${name}: ${readFileSync(join(this.#folder, name), 'utf8').slice(-1000)}`).join('\n')
  }

  async stop(): Promise<void> {
    for (const daemon of this.#running.toReversed()) {
      if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) continue
      const gone = new Promise((resolve) => daemon.once('exit', resolve))
      daemon.kill('SIGKILL')
      await gone
    }
  }
}

/** C_InitToken and C_InitPIN by our own code in a process of its own: `tpm2_ptool addtoken` takes PINs on its command line alone. */
async function initialise(request: Readonly<Record<string, string>>, env: TpmEnvironment): Promise<void> {
  const script = `
    import { text } from 'node:stream/consumers'
    import { initialiseToken } from '#token'
    initialiseToken(JSON.parse(await text(process.stdin)))
  `
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: PROJECT, env: environment(env) })
  running.child.stdin?.end(JSON.stringify(request))
  await running
}

async function readProperties(env: TpmEnvironment): Promise<ReadonlyMap<string, number>> {
  const text = await tool('tpm2_getcap', ['properties-variable'], env)
  return new Map(
    [...text.matchAll(/^(TPM2_PT_\w+): 0x([0-9A-F]+)$/gm)].map(([, name, value]) => [name as string, Number.parseInt(value as string, 16)]),
  )
}

/** One of the TPM's own tools. Without TPM2TOOLS_TCTI it would look for the machine's TPM. */
async function tool(name: string, args: readonly string[], env: TpmEnvironment): Promise<string> {
  return (await promisify(execFile)(name, [...args], { env: environment({ ...env, TPM2TOOLS_TCTI: TCTI }), timeout: 60_000 })).stdout
}

/** tpm2-abrmd is in /usr/sbin, which is not in everybody's PATH. */
function environment(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: `${process.env['PATH']}:/usr/sbin`, LC_ALL: 'C', ...env }
}

function findModule(): string {
  const libraries = readdirSync('/usr/lib').map((name) => join('/usr/lib', name))
  const candidates = ['/usr/lib64', '/usr/lib', ...libraries].map((folder) => join(folder, 'pkcs11/libtpm2_pkcs11.so'))
  const found = candidates.find((path) => existsSync(path))
  if (found === undefined) throw new Error('tpm2-pkcs11 is not installed; run: make test, which installs what tests need')
  return found
}

function busConfig(socket: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
`
}

const TCTI = 'tabrmd:bus_type=session'
