/** sealstone keys rewrap: a new wrapping key in the token for every sealed seed. */
import { SealstoneError } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { askToType } from '../confirm.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'

type RewrapOptions = ConnectionOptions & { destroyOld?: boolean; confirm?: string }

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: RewrapOptions): Promise<ExitStatus> {
  if (options.destroyOld === true) await confirmDestruction(options.confirm, signal)
  await using client = await openClient(home, options)
  const result = await client.rewrapKeys({ destroyOld: options.destroyOld === true }, { signal })
  if (output.json) output.record({ ...result })
  else {
    output.line(`rewrapped  ${result.seeds} seeds`)
    output.line(`  wrapping key  ${result.wrappingKeyNumber}, id ${result.wrappingKey}`)
    for (const ckaId of result.destroyed) output.line(`  destroyed     id ${ckaId}`)
  }
  return EXIT.ok
}

/** Backups that open no more cannot be mended. */
async function confirmDestruction(given: string | undefined, signal: AbortSignal): Promise<void> {
  const question = `Backups from before will not open any more, nor what another daemon on this token sealed. Type ${WORD} to go on: `
  const typed = given ?? (await askToType({ what: 'the end of wrapping keys', question, hint: `add --confirm ${WORD}` }, signal))
  if (typed !== WORD)
    throw new SealstoneError('INPUT_INVALID', `the destruction was not confirmed: got ${JSON.stringify(typed)}, want ${WORD}`, {
      hint: 'nothing was changed',
    })
}

const WORD = 'destroy'
