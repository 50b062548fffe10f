/** What cannot be undone is confirmed: a person types a word, a program gives it by an option. */
import { createInterface } from 'node:readline/promises'
import { SealstoneError } from '#core'

export interface Confirmation {
  /** What is to be confirmed, as the subject of a sentence, lower case. */
  readonly what: string
  /** Asked on a terminal. */
  readonly question: string
  /** What to do where there is no terminal. */
  readonly hint: string
}

/** What was typed; the question goes to standard error. Throws USAGE where nobody can be asked, and the signal's reason. */
export async function askToType({ what, question, hint }: Confirmation, signal: AbortSignal): Promise<string> {
  if (process.stdin.isTTY !== true) throw new SealstoneError('USAGE', `${what} is to be confirmed, and there is no terminal to ask`, { hint })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question, { signal })
  } finally {
    terminal.close()
  }
}
