/** SIGINT, SIGTERM and SIGHUP: before the command runs they stop the preparation, afterwards they are the command's. */
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import type { StartedCommand } from './start-command.ts'

export interface ReceivedSignals extends Disposable {
  /** Aborted by a signal that came before `passTo`. */
  readonly signal: AbortSignal
  /** 128 and the number of that signal. */
  readonly exitCode: number | undefined
  passTo(command: StartedCommand): void
}

export function receiveSignals(): ReceivedSignals {
  const controller = new AbortController()
  let exitCode: number | undefined
  let command: StartedCommand | undefined
  const receive = (signal: NodeJS.Signals): void => {
    if (command === undefined) {
      exitCode ??= 128 + constants.signals[signal]
      controller.abort()
    } else if (signal !== 'SIGINT' || !terminalSentIt()) command.kill(signal)
  }
  for (const name of SIGNALS) process.on(name, receive)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    passTo(started) {
      command = started
    },
    [Symbol.dispose]() {
      for (const name of SIGNALS) process.off(name, receive)
    },
  }
}

// Ctrl-C reaches every process of the terminal's foreground group. The command is one of them and would get it twice; many programs take the second
// for "at once".
function terminalSentIt(): boolean {
  if (process.platform !== 'linux') return process.stderr.isTTY
  // proc_pid_stat(5): after the name in parentheses come state, ppid, pgrp, session, tty_nr, tpgid.
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return fields[2] === fields[5]
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
