/** Runs a command on a terminal of its own (`script` of util-linux) and types into it. */
import { spawn } from 'node:child_process'

export interface Typing {
  readonly home: string
  /** Text that asks for it. */
  readonly when: string
  readonly type: string
}

/** @return what the terminal showed, both streams, and the exit code */
export function typeOnTerminal(
  command: readonly string[],
  { home, when, type }: Typing,
): Promise<{ readonly code: number | null; readonly text: string }> {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], {
      env: { ...process.env, SEALSTONE_HOME: home, NO_COLOR: '1', COLUMNS: '200' },
      timeout: 100_000,
    })
    let text = ''
    let typed = false
    child.stdout.setEncoding('utf8').on('data', (shown: string) => {
      text += shown
      if (typed || !text.includes(when)) return
      typed = true
      child.stdin.write(type)
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, text }))
  })
}
