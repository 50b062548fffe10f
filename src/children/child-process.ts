/** Starts a process of ours and carries messages to and from it; its log lines become ours. Knows nothing of what it does. */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { closeSync, openSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished, type Readable } from 'node:stream'
import type { Logger } from '#core'
import { inheritableDescriptors } from './inherited.ts'

export interface ChildOptions<Received> {
  /** Absolute path of the file that it runs. */
  readonly entry: string
  /** What it is called in a list of processes, and in log lines the field that says its pid. */
  readonly name: string
  readonly logName: string
  /** All of the child's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly logger: Logger
  /** Permissions beyond reading the source and native addons, and other options of Node. */
  readonly nodeOptions: readonly string[]
  /** What the child's JavaScript may read and write besides its own source. Native code is not held by this. */
  readonly files: { readonly read: readonly string[]; readonly write: readonly string[] }
  readonly onMessage: (message: Received) => void
  /** Called once, when the process is gone or could not be started. */
  readonly onExit: (how: string) => void
}

export interface OurChild<Sent> {
  readonly pid: number | undefined
  send(message: Sent): void
  kill(): void
  /** Closes the channel, which ends the child. */
  disconnect(): void
}

export function startChildProcess<Sent, Received>(options: ChildOptions<Received>): OurChild<Sent> {
  const child = spawnWithoutInheritance(options)
  let gone = false
  const exit = (how: string): void => {
    if (gone) return
    gone = true
    options.onExit(how)
  }
  child.on('message', (message) => options.onMessage(message as Received))
  const lastWords = forwardLog(child, options)
  child.on('exit', (code, signal) => {
    if (signal !== null) exit(`signal ${signal}`)
    // It gave up by itself: its reason is still in the pipe.
    else finished(child.stderr as Readable, () => exit(`exit code ${code}${lastWords()}`))
  })
  child.on('error', (error) => exit(error.message))
  return {
    pid: child.pid,
    // A send to a dying child fails; its exit follows and says so to everyone who waits.
    send: (message) => void (child.connected && child.send(message as object, () => {})),
    kill: () => void child.kill('SIGKILL'),
    disconnect: () => {
      if (child.connected) child.disconnect()
    },
  }
}

function spawnWithoutInheritance(options: ChildOptions<never>): ChildProcess {
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', 'ipc']
  const inheritable = inheritableDescriptors()
  // Node cannot close a descriptor in a child, but put another one in its place.
  const nothing = inheritable.length === 0 ? undefined : openSync('/dev/null', 'r')
  try {
    for (const descriptor of inheritable) {
      while (stdio.length < descriptor) stdio.push('ignore')
      stdio[descriptor] = nothing
    }
    // A shell sets the limit because Node cannot: no core dump may ever hold a secret (setrlimit, RLIMIT_CORE, hard and soft).
    return spawn(
      '/bin/sh',
      ['-c', NO_CORE_DUMP, `sealstone-${options.name.replaceAll(' ', '')}`, process.execPath, ...nodeOptions(options), options.entry],
      { cwd: '/', env: { ...options.env }, stdio, serialization: 'advanced' },
    )
  } finally {
    if (nothing !== undefined) closeSync(nothing)
  }
}

// Node's permission model: only these files, and of the rest what the options name; an addon itself is native code and outside of it.
function nodeOptions({ nodeOptions: more, files: { read, write } }: Pick<ChildOptions<never>, 'nodeOptions' | 'files'>): string[] {
  return [
    '--permission',
    '--allow-addons',
    ...more,
    // node_modules may be a link; Node asks for both paths.
    ...[...new Set([SOURCE, MODULES, realpathSync(MODULES)]), ...read].map((path) => `--allow-fs-read=${path}`),
    ...write.map((path) => `--allow-fs-write=${path}`),
    '--disable-sigusr1', // no debugger may be woken in a process that holds secrets
    '--no-warnings',
  ]
}

/** The child writes JSON lines; anything else comes from Node or native code and is passed on as a warning. Returns the last error among it. */
function forwardLog(child: ChildProcess, { logger, name, logName }: Pick<ChildOptions<never>, 'logger' | 'name' | 'logName'>): () => string {
  let lastError = ''
  if (child.stderr === null) return () => lastError
  createInterface({ input: child.stderr, crlfDelay: Infinity }).on('line', (line) => {
    const { level, message, fields } = parseLine(line, name)
    if (/^(?:\w*Error|FATAL ERROR)\b/.test(line)) lastError = `: ${line.slice(0, MAX_LINE)}`
    logger[level]({ ...fields, [logName]: child.pid }, message)
  })
  return () => lastError
}

interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

function parseLine(line: string, name: string): LogLine {
  try {
    const parsed = JSON.parse(line) as Partial<LogLine> | null
    if (parsed !== null && isLevel(parsed.level) && typeof parsed.message === 'string' && typeof parsed.fields === 'object') return parsed as LogLine
  } catch {
    // Not ours: reported below as it is.
  }
  return { level: 'warn', message: `${name}: ${line.slice(0, MAX_LINE)}`, fields: {} }
}

function isLevel(level: unknown): level is keyof Logger {
  return level === 'debug' || level === 'info' || level === 'warn' || level === 'error'
}

const SOURCE = dirname(import.meta.dirname)
const MODULES = join(dirname(SOURCE), 'node_modules')
const MAX_LINE = 2000

// Where core dumps go to a program (a pipe in core_pattern, core(5)) the kernel ignores a limit of 0, but a limit of 1 byte stops it
// (fs/coredump.c); a core file of 1 byte is not written either.
// Without prlimit, or where the limit is 0 already and may not be raised, it is 0.
const NO_CORE_DUMP = 'prlimit --core=1:1 true 2>/dev/null && exec prlimit --core=1:1 -- "$@"; ulimit -c 0 && exec "$@"'
