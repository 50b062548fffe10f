/** sealstone audit console */
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: ConnectionOptions): Promise<ExitStatus> {
  await using client = await openClient(home, options)
  const { url, minutes } = await client.openConsole({ signal })
  if (output.json) output.record({ url, minutes })
  else {
    output.line(url)
    output.note(`Open it in a browser within ${minutes} minutes. It opens the console once; treat it like a password until then.`)
  }
  return EXIT.ok
}
