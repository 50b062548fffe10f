/** The two streams: the result on standard output, everything else on standard error. Colours only where a terminal reads. */
import { styleText } from 'node:util'
import { EXIT } from './command.ts'
import { jsonText } from './text.ts'

export interface Output {
  readonly json: boolean
  /** Standard error is a terminal that may be redrawn. */
  readonly interactive: boolean
  /** Width of the terminal that standard output is; undefined where it is none. */
  readonly columns: number | undefined
  /** One line of the result for people. Foreign text in it went through `visible()`. */
  line(text?: string): void
  /** The result for programs, or one record of it: one JSON value on one line. */
  record(value: unknown): void
  /** Text as it is: help, PEM, a trust file. */
  raw(text: string): void
  rawError(text: string): void
  /** For the person who waits, not part of the result. */
  note(text: string): void
  warn(text: string): void
  good(text: string): string
  bad(text: string): string
  strong(text: string): string
  faint(text: string): string
  /** Called once when the reader of standard output has gone. */
  onClosed(listener: () => void): void
  readonly closed: boolean
}

export function createOutput({ json }: { readonly json: boolean }): Output {
  let closed = false
  const listeners: (() => void)[] = []
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      process.stderr.write(`error: standard output cannot be written (${error.code})\nhint: look at the disk or device that it goes to\n`)
      process.exit(EXIT.usage)
    }
    if (closed) return
    closed = true
    for (const listener of listeners) listener()
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(EXIT.usage) // there is nowhere left to say why
  })
  const write = (text: string): void => {
    if (!closed) process.stdout.write(text)
  }
  // styleText asks the stream itself: NO_COLOR, FORCE_COLOR, and whether it is a terminal.
  const style = (format: Parameters<typeof styleText>[0], text: string): string => styleText(format, text, { stream: process.stdout })
  return {
    json,
    interactive: process.stderr.isTTY === true && !json,
    get columns() {
      return process.stdout.isTTY ? process.stdout.columns : undefined
    },
    line: (text = '') => write(`${text}\n`),
    record: (value) => write(`${jsonText(value)}\n`),
    raw: write,
    rawError: (text) => void process.stderr.write(text),
    note: (text) => void process.stderr.write(`${text}\n`),
    warn: (text) => void process.stderr.write(`${styleText('yellow', 'warning:', { stream: process.stderr })} ${text}\n`),
    good: (text) => style(['green', 'bold'], text),
    bad: (text) => style(['red', 'bold'], text),
    strong: (text) => style('bold', text),
    faint: (text) => style('dim', text),
    onClosed: (listener) => void listeners.push(listener),
    get closed() {
      return closed
    },
  }
}
