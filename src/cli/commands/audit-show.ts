/** sealstone audit show */
import type { JsonValue } from '#core'
import { SealstoneError } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { table, visible } from '../text.ts'
import { parseIndex } from './entry-index.ts'

export async function run(context: CommandContext, operands: readonly string[], options: ConnectionOptions): Promise<ExitStatus> {
  const { output, home, signal } = context
  const index = parseIndex(operands[0])
  await using client = await openClient(home, options)
  for await (const entry of client.listEntries({ from: index, limit: 1 }, { signal })) {
    if (entry.index !== index) break
    if (output.json) output.record({ index, ...entry.leaf })
    else for (const line of table([['index', String(index)], ...flatten(JSON.parse(JSON.stringify(entry.leaf)) as JsonValue, '')])) output.line(line)
    return EXIT.ok
  }
  throw new SealstoneError('ENTRY_UNKNOWN', `the log has no entry ${index}`)
}

/** One row per value: `keyProtection.halves.0.location  token`. */
function flatten(value: JsonValue, path: string): string[][] {
  if (typeof value !== 'object' || value === null) return [[visible(path), visible(String(value))]]
  return Object.entries(value).flatMap(([name, member]) => flatten(member, path === '' ? name : `${path}.${name}`))
}
