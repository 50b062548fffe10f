/** Runs a command in our place: its streams are ours, signals that we get go to it, its exit status is the answer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { SealstoneError } from '#core'

export interface StartedCommand {
  /** The exit status, or 128 and the number of the signal that ended it, as shells say it. */
  readonly ended: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL where that does not help. */
  stop(): void
}

/** @throws SealstoneError INPUT_INVALID when there is no such command or it may not be run */
export async function startCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<StartedCommand> {
  // Not detached: the command stays in our process group, which is that of the terminal, so that it may read from it.
  const child = spawn(command, args, { stdio: 'inherit', env })
  const ended = new Promise<number>((resolve) => child.once('exit', (code, signal) => resolve(statusOf(code, signal))))
  await started(child, command)
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    stop() {
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS).unref()
    },
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
