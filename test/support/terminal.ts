/** Runs a command on a terminal of its own (`script` of util-linux) and types into it. */
import { spawn } from 'node:child_process'

export interface Typing {
  readonly home: string
  /** Text that asks for it; without it nothing is typed. */
  readonly when?: string
  readonly type?: string
}

/**
 * What a terminal shows last can be lost when its last process ends at once: so a shell stays on it until all that the command wrote was read.
 * @return what the terminal showed, both streams, and the exit code
 */
export function typeOnTerminal(
  command: readonly string[],
  { home, when, type = '' }: Typing,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const shell = `trap : INT; ${quoted}; status=$?; printf '${END}'; read _; exit $status`
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['--quiet', '--return', '--command', shell, '/dev/null'], {
      env: { ...process.env, SEALSTONE_HOME: home, NO_COLOR: '1', COLUMNS: '200' },
      timeout: 200_000,
    })
    let text = ''
    let [typed, ended] = [false, false]
    child.stdout.setEncoding('utf8').on('data', (shown: string) => {
      text += shown
      if (!typed && when !== undefined && text.includes(when)) {
        typed = true
        child.stdin.write(type)
      }
      if (!ended && text.includes(END)) {
        ended = true
        child.stdin.write('\n')
      }
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, text: text.split(END)[0] ?? '' }))
  })
}

const END = '[the command has ended]'
