/** A server's process: what it sees of our environment, how it is ended together with its children, what of its standard error is passed on. */
import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { cutText, SealstoneError, visible } from '#core'

export interface ServerCommand {
  readonly command: string
  readonly args: readonly string[]
  /** Variables besides PATH, HOME and LANG, which are ours. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface ServerProcess {
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  /** How it ended: `exit code 1`, `signal SIGKILL`. Never rejects. */
  readonly exited: Promise<string>
  /** Closes its standard input, and then ends it with all of its group. Resolves once it is gone. */
  close(): Promise<void>
}

/** Throws MCP_SERVER_UNAVAILABLE where the command cannot be started. */
export async function startServerProcess(server: ServerCommand, onErrorLine: (line: string) => void): Promise<ServerProcess> {
  const child = spawn(server.command, [...server.args], {
    env: { ...inherited(), ...server.env },
    ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true, // a process group of its own: what it starts is ended with it
  })
  const { promise: exited, resolve: exit } = Promise.withResolvers<string>()
  child.once('exit', (code, signal) => exit(signal === null ? `exit code ${code}` : `signal ${signal}`))
  const started = Promise.withResolvers<void>()
  child.once('spawn', started.resolve)
  child.once('error', (cause: NodeJS.ErrnoException) => {
    started.reject(new SealstoneError('MCP_SERVER_UNAVAILABLE', `${server.command} cannot be started (${cause.code ?? cause.message})`, { cause }))
    exit('not started')
  })
  child.stdin.on('error', () => {}) // it has gone: its end follows and says so to everyone who waits
  passErrorLines(child.stderr, onErrorLine)
  await started.promise
  const pid = child.pid as number
  killAtExit(pid, exited)
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    child.stdin.end()
    if (!(await within(exited, GRACE_MS))) {
      killGroup(pid, 'SIGTERM')
      if (!(await within(exited, GRACE_MS))) killGroup(pid, 'SIGKILL')
    }
    await exited
    killGroup(pid, 'SIGKILL') // what it left behind
    child.stdout.destroy()
    child.stderr.destroy()
  }
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    exited,
    close: () => (closing ??= close()),
  }
}

function inherited(): Record<string, string> {
  const env: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

/** With all of its group, should we end first. One listener for all: there may be many. */
function killAtExit(pid: number, exited: Promise<unknown>): void {
  if (RUNNING.size === 0) process.on('exit', killRunning)
  RUNNING.add(pid)
  void exited.then(() => {
    RUNNING.delete(pid)
    if (RUNNING.size === 0) process.off('exit', killRunning)
  })
}

function killRunning(): void {
  for (const pid of RUNNING) killGroup(pid, 'SIGKILL')
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}

async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  const done = await Promise.race([promise.then(() => true as const), late])
  clearTimeout(timer)
  return done
}

/** Lines without colours, what cannot be seen of them escaped, cut to a length; a flood is cut off, and how much of it is told. */
function passErrorLines(stderr: Readable, onLine: (line: string) => void): void {
  let held = ''
  let budget = LINES_PER_PERIOD
  let dropped = 0
  const refill = setInterval(() => {
    budget = LINES_PER_PERIOD
    if (dropped > 0) onLine(`… ${dropped} more lines were left out`)
    dropped = 0
  }, PERIOD_MS)
  refill.unref()
  const emit = (line: string): void => {
    const plain = stripVTControlCharacters(line).replace(/\r$/, '').replaceAll('\t', ' ')
    const clean = cutText(visible(plain), LONGEST_LINE)
    if (clean === '') return
    if (budget-- > 0) onLine(clean)
    else dropped++
  }
  stderr.setEncoding('utf8')
  stderr.on('data', (text: string) => {
    const lines = (held + text).split('\n')
    held = (lines.pop() ?? '').slice(0, LONGEST_LINE)
    for (const line of lines) emit(line)
  })
  stderr.on('error', () => {})
  stderr.on('close', () => {
    clearInterval(refill)
    emit(held)
    if (dropped > 0) onLine(`… ${dropped} more lines were left out`)
  })
}

const RUNNING = new Set<number>()
const INHERITED = ['PATH', 'HOME', 'LANG']
// The specification of the stdio transport: input closed first, then SIGTERM, then SIGKILL, each after a reasonable time.
const GRACE_MS = 2000
const LONGEST_LINE = 2000
const LINES_PER_PERIOD = 1000
const PERIOD_MS = 10_000
