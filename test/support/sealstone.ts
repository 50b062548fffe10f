/** Runs the real command line and the real daemon, each test with a state directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface RunResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly home?: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly timeoutMs?: number
  /** As somebody whom modes of files bind: root without the rights that override them. */
  readonly unprivileged?: boolean
  /** For tests that signal it or close its output. */
  readonly onStart?: (child: ChildProcess) => void
}

export const PROJECT = resolve(import.meta.dirname, '../..')
export const LAUNCHER = join(PROJECT, 'src/cli/sealstone')

/** A folder that is gone after the test: `using folder = temporaryFolder()`. */
export function temporaryFolder(prefix = 'sealstone-test-'): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), prefix))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

const WITHOUT_OVERRIDE = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-dac_override,-dac_read_search']

/** Runs `sealstone ARGS…` to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolveRun, reject) => {
    const [command, ...before] = options.unprivileged === true && process.getuid?.() === 0 ? [...WITHOUT_OVERRIDE, LAUNCHER] : [LAUNCHER]
    const child = spawn(command, [...before, ...args], {
      cwd: options.cwd ?? PROJECT,
      env: environment(options),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 200_000,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolveRun({ code, stdout, stderr }))
    options.onStart?.(child)
  })
}

/** The same, and anything but the wanted exit code is an error that shows what was printed. */
export async function runOk(args: readonly string[], options: RunOptions & { readonly wantCode?: number } = {}): Promise<RunResult> {
  const result = await run(args, options)
  const want = options.wantCode ?? 0
  if (result.code !== want) throw new Error(`sealstone ${args.join(' ')}: exit ${result.code}, want ${want}\n${result.stdout}\n${result.stderr}`)
  return result
}

export interface RunningDaemon extends AsyncDisposable {
  readonly pid: number
  readonly home: string
  readonly socket: string
  /** All log lines so far. */
  log(): string
  /** The key host's process id now. */
  keyHostPid(): number
  /** SIGTERM, resolves with the exit code. */
  stop(): Promise<number | null>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Starts `sealstone serve` and waits until it says ready. Throws with its log if it ends before. */
export async function startDaemon(
  home: string,
  options: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<RunningDaemon> {
  const child = spawn(LAUNCHER, ['serve', ...(options.args ?? [])], {
    env: environment({ home, ...(options.env === undefined ? {} : { env: options.env }) }),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  const ended = new Promise<number | null>((resolveEnd) => child.on('close', resolveEnd))
  await new Promise<void>((resolveReady, reject) => {
    const timer = setTimeout(() => reject(new Error(`the daemon is not ready after 200 s:\n${log}`)), 200_000)
    child.on('error', reject)
    void ended.then((code) => reject(new Error(`the daemon ended with ${code}:\n${log}`)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text
      if (log.includes('"msg":"ready"')) {
        clearTimeout(timer)
        resolveReady()
      }
    })
  })
  const pid = child.pid as number
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    return ended
  }
  return {
    pid,
    home,
    socket: join(home, 'sealstone.sock'),
    log: () => log,
    keyHostPid: () => childOf(pid),
    stop,
    kill: async (signal) => {
      child.kill(signal)
      await ended
    },
    [Symbol.asyncDispose]: async () => {
      if (isRunning(child)) await stop()
    },
  }
}

/** A fresh state directory with one key, set up by the real `init`: a copy of one that was set up once for all tests, unless arguments are given. */
export async function initHome(args?: readonly string[]): Promise<{ readonly home: string } & Disposable> {
  const folder = temporaryFolder('sealstone-home-')
  const home = join(folder.path, 'home')
  const homes = process.env['SEALSTONE_TEST_HOMES']
  if (args === undefined && homes !== undefined) copyHome(await firstHome(homes), home)
  else await runOk(['init', ...(args ?? [])], { home })
  return { home, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

/** Two test files that ask at the same time both make one, and one of the two is used. */
async function firstHome(homes: string): Promise<string> {
  const first = join(homes, 'first')
  if (existsSync(first)) return join(first, 'home')
  const made = mkdtempSync(join(homes, 'made-'))
  await runOk(['init'], { home: join(made, 'home') })
  // The files name the directory that they were made in.
  writeFileSync(join(made, 'place'), join(made, 'home'))
  try {
    renameSync(made, first)
  } catch (error) {
    if (!existsSync(first)) throw error
  }
  return join(first, 'home')
}

function copyHome(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true })
  const place = readFileSync(join(from, '../place'), 'utf8')
  for (const name of ['config.toml', 'softhsm2.conf']) {
    const file = join(to, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(place, to))
  }
}

/** Resident memory of a process at its highest, in MiB (VmHWM). */
export function peakMemoryMiB(pid: number): number {
  const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (match === null) throw new Error(`process ${pid} has ended`)
  return Number(match[1]) / 1024
}

/** No such directory is there, and none can be made. */
const NO_HOME = '/dev/null/sealstone'

function environment(options: RunOptions): NodeJS.ProcessEnv {
  const { SEALSTONE_HOME: _ours, NO_COLOR: _color, NODE_OPTIONS: _options, ...inherited } = process.env
  return { ...inherited, NO_COLOR: '1', SEALSTONE_HOME: options.home ?? NO_HOME, ...options.env }
}

function childOf(pid: number): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const status = tryRead(`/proc/${name}/status`)
    if (new RegExp(`^PPid:\\s+${pid}$`, 'm').test(status)) return Number(name)
  }
  throw new Error(`process ${pid} has no child`)
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the process ended between the listing and the read
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}
