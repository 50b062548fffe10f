/** sealstone keys rewrap: a new wrapping key in the token for every sealed seed. */
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'

type RewrapOptions = ConnectionOptions & { destroyOld?: boolean }

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: RewrapOptions): Promise<ExitStatus> {
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
