/** Starts the key host's process and carries messages to and from it. Knows nothing of commands; the supervisor does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished, type Readable } from 'node:stream'
import type { Logger } from '#core'
import type { CommandMessage, ReplyMessage } from './protocol.ts'

export interface ChildOptions {
  /** All of the child's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly logger: Logger
  /** What the child's JavaScript may read and write besides its own source. The native module is not held by this. */
  readonly files: { readonly read: readonly string[]; readonly write: readonly string[] }
  readonly onReply: (reply: ReplyMessage) => void
  /** Called once, when the process is gone or could not be started. */
  readonly onExit: (how: string) => void
}

export interface KeyHostChild {
  readonly pid: number | undefined
  send(message: CommandMessage): void
  kill(): void
  /** Closes the channel, which ends the child. */
  disconnect(): void
}

export function startChild(options: ChildOptions): KeyHostChild {
  // A shell sets the limit because Node cannot: no core dump may ever hold a seed (setrlimit, RLIMIT_CORE, hard and soft).
  const child = spawn('/bin/sh', ['-c', NO_CORE_DUMP, 'sealstone-keyhost', process.execPath, ...nodeOptions(options.files), ENTRY], {
    cwd: '/',
    env: { ...options.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  let gone = false
  const exit = (how: string): void => {
    if (gone) return
    gone = true
    options.onExit(how)
  }
  child.on('message', (message) => options.onReply(message as ReplyMessage))
  const lastWords = forwardLog(child, options.logger)
  child.on('exit', (code, signal) => {
    if (signal !== null) exit(`signal ${signal}`)
    // It gave up by itself: its reason is still in the pipe.
    else finished(child.stderr as Readable, () => exit(`exit code ${code}${lastWords()}`))
  })
  child.on('error', (error) => exit(error.message))
  return {
    pid: child.pid,
    // A send to a dying child fails; its exit follows and says so to everyone who waits.
    send: (message) => void (child.connected && child.send(message, () => {})),
    kill: () => void child.kill('SIGKILL'),
    disconnect: () => {
      if (child.connected) child.disconnect()
    },
  }
}

// Node's permission model: no network, no processes, no threads, and only these files; the addon itself is native code and outside of it.
function nodeOptions({ read, write }: ChildOptions['files']): string[] {
  return [
    '--permission',
    '--allow-addons',
    '--allow-ffi', // at the start, and dropped then: token/fixed-memory.ts
    // node_modules may be a link; Node asks for both paths.
    ...[...new Set([SOURCE, MODULES, realpathSync(MODULES)]), ...read].map((path) => `--allow-fs-read=${path}`),
    ...write.map((path) => `--allow-fs-write=${path}`),
    '--disable-sigusr1', // no debugger may be woken in the process that holds seeds
    '--expose-gc', // the child frees key objects when it is idle
    '--no-warnings',
  ]
}

/** The child writes JSON lines; anything else comes from Node or native code and is passed on as a warning. Returns the last error among it. */
function forwardLog(child: ChildProcess, logger: Logger): () => string {
  let lastError = ''
  if (child.stderr === null) return () => lastError
  createInterface({ input: child.stderr, crlfDelay: Infinity }).on('line', (line) => {
    const { level, message, fields } = parseLine(line)
    if (/^(?:\w*Error|FATAL ERROR)\b/.test(line)) lastError = `: ${line.slice(0, MAX_LINE)}`
    logger[level]({ ...fields, keyHost: child.pid }, message)
  })
  return () => lastError
}

interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

function parseLine(line: string): LogLine {
  try {
    const parsed = JSON.parse(line) as Partial<LogLine> | null
    if (parsed !== null && isLevel(parsed.level) && typeof parsed.message === 'string' && typeof parsed.fields === 'object') return parsed as LogLine
  } catch {
    // Not ours: reported below as it is.
  }
  return { level: 'warn', message: `key host: ${line.slice(0, MAX_LINE)}`, fields: {} }
}

function isLevel(level: unknown): level is keyof Logger {
  return level === 'debug' || level === 'info' || level === 'warn' || level === 'error'
}

const ENTRY = join(import.meta.dirname, `child${extname(import.meta.filename)}`)
const SOURCE = dirname(import.meta.dirname)
const MODULES = join(dirname(SOURCE), 'node_modules')
const MAX_LINE = 2000

// Where core dumps go to a program (a pipe in core_pattern, core(5)) the kernel ignores a limit of 0, but a limit of 1 byte stops it
// (fs/coredump.c); a core file of 1 byte is not written either.
// Without prlimit, or where the limit is 0 already and may not be raised, it is 0.
const NO_CORE_DUMP = 'prlimit --core=1:1 true 2>/dev/null && exec prlimit --core=1:1 -- "$@"; ulimit -c 0 && exec "$@"'
