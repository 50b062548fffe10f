/** What a command that could not do its work says: `error:` and `hint:` lines, an object with --json, and the exit code of its code. */
import { styleText } from 'node:util'
import { SealstoneError, toSealstoneError } from '#core'
import type { CommanderError } from 'commander'
import type { Output } from './output.ts'
import { visible } from './text.ts'

export function reportFailure(output: Output, thrown: unknown): number {
  if (output.closed) return 0 // nobody reads any more: `sealstone audit list | head` is not an error
  const error = toSealstoneError(thrown, 'INTERNAL', thrown instanceof Error ? thrown.message : undefined)
  if (output.json) output.record({ error: { code: error.code, message: error.message, hint: error.hint, ...detailsOf(error) } })
  printErrorLines(output, error.message, error.hint)
  if (error.code === 'INTERNAL' && thrown instanceof Error && process.env['SEALSTONE_DEBUG'] !== undefined) output.note(visible(thrown.stack ?? ''))
  return error.entry.exit
}

/** Both lines on standard error; control characters of foreign text are shown, not obeyed. */
export function printErrorLines(output: Output, message: string, hint: string): void {
  output.note(`${styleText(['red', 'bold'], 'error:', { stream: process.stderr })} ${visible(message)}`)
  if (hint !== '') output.note(`${styleText('cyan', 'hint:', { stream: process.stderr })} ${visible(hint)}`)
}

/** Commander's sentence as ours; the nearest name that it found becomes the hint. */
export function usageError(error: CommanderError): SealstoneError {
  if (error.code === 'commander.help') return new SealstoneError('USAGE', 'no command was given', { hint: 'the commands are listed above' })
  const [sentence = '', suggestion] = error.message.replace(/^error: /, '').split('\n(')
  const nearest = suggestion?.replace(/^Did you mean (?:one of )?/, '').replace(/\?\)$/, '')
  return new SealstoneError('USAGE', sentence, nearest === undefined ? {} : { hint: `did you mean ${nearest}? --help lists all` })
}

function detailsOf(error: SealstoneError): { details?: Readonly<Record<string, string>> } {
  return Object.keys(error.details).length === 0 ? {} : { details: error.details }
}
