/** sealstone keys list */
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { table, visible } from '../text.ts'
import { keyRecord, stateText } from './key-record.ts'

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: ConnectionOptions): Promise<ExitStatus> {
  await using client = await openClient(home, options)
  const keys = await client.listKeys({ signal })
  if (output.json) {
    for (const key of keys) output.record(keyRecord(key))
    return EXIT.ok
  }
  const rows = keys.map((key) =>
    [key.name, String(key.version), key.suite, stateText(key), key.companion?.suite ?? '-', key.createdAt.toISOString()].map(visible),
  )
  const [heading = '', ...lines] = table([['NAME', 'VERSION', 'SUITE', 'STATE', 'COMPANION', 'CREATED'], ...rows])
  output.line(output.faint(heading))
  for (const line of lines) output.line(line)
  return EXIT.ok
}
