/** Runs a command in our place: its streams are ours, signals that we get go to it, its exit status is the answer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { SealstoneError } from '#core'
import { MARK, processesOf } from './process-tree.ts'

export interface StartedCommand {
  /** The exit status, or 128 and the number of the signal that ended it, as shells say it. */
  readonly ended: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** SIGTERM for it and all that it has started, and SIGKILL where that does not help. Resolves once none of them is left. */
  stop(): Promise<void>
}

/** @throws SealstoneError INPUT_INVALID when there is no such command or it may not be run */
export async function startCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<StartedCommand> {
  // Not detached: the command stays in our process group, which is that of the terminal, so that it may read from it.
  // What it has started is found one by one: the group holds others too, such as the rest of a pipeline.
  const mark = randomUUID()
  const child = spawn(command, args, { stdio: 'inherit', env: { ...env, [MARK]: mark } })
  const ended = new Promise<number>((resolve) => child.once('exit', (code, signal) => resolve(statusOf(code, signal))))
  await started(child, command)
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    stop: async () => await stopAll(child.pid ?? 0, mark),
  }
}

async function stopAll(command: number, mark: string): Promise<void> {
  // What begins after this is somebody's cleaning up, and has the time of the others.
  for (const pid of processesOf(command, mark)) if (send(pid, 'SIGTERM')) send(pid, 'SIGCONT') // one that was stopped hears it when it goes on
  const until = performance.now() + STOP_WITHIN_MS
  const foreign = new Set<number>()
  for (let kills = 0; kills < MOST_KILLS; ) {
    const left = processesOf(command, mark).filter((pid) => !foreign.has(pid))
    if (left.length === 0) return
    if (performance.now() > until) {
      kills++
      for (const pid of left) if (!send(pid, 'SIGKILL')) foreign.add(pid)
    }
    await setTimeout(LOOK_AGAIN_MS)
  }
}

/** @returns false for one of another user, or that has ended */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

function started(child: ChildProcess, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'ENOENT' ? 'is not there' : `cannot be run (${cause.code})`
      reject(new SealstoneError('INPUT_INVALID', `the command ${command} ${why}`, { cause, hint: 'check its name, PATH and permissions' }))
    })
  })
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

const STOP_WITHIN_MS = 10_000
const LOOK_AGAIN_MS = 100
/** Whoever starts new ones faster than they are ended is left. */
const MOST_KILLS = 50
