/** sealstone audit list */
import type { EntryFilter, LogEntry } from '#client'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'

type ListOptions = ConnectionOptions & Pick<EntryFilter, 'since' | 'until' | 'key' | 'caller' | 'kind' | 'limit'>

export async function run(context: CommandContext, _operands: readonly string[], options: ListOptions): Promise<ExitStatus> {
  const { output, home, signal } = context
  await using client = await openClient(home, options)
  for await (const entry of select(client.listEntries(filterOf(options), { signal }), options.limit)) {
    if (output.closed) break
    if (output.json) output.record({ index: entry.index, ...entry.leaf })
    else output.line(describeEntry(entry))
  }
  return EXIT.ok
}

function filterOf({ since, until, key, caller, kind, limit }: ListOptions): EntryFilter {
  return {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(key === undefined ? {} : { key }),
    ...(caller === undefined ? {} : { caller }),
    ...(kind === undefined ? {} : { kind }),
    ...(limit === undefined ? {} : { limit, reverse: true }),
  }
}

/** A limit asks for the newest, newest first; they are turned round so that a list always reads downwards in time. */
async function* select(entries: AsyncIterable<LogEntry>, limit: number | undefined): AsyncGenerator<LogEntry> {
  if (limit === undefined) yield* entries
  else yield* (await Array.fromAsync(entries)).reverse()
}

function describeEntry({ index, leaf }: LogEntry): string {
  const subject = leaf.modelName ?? leaf.predicateType ?? ''
  const key = leaf.key === undefined ? '' : `${leaf.key}${leaf.keyVersion === undefined ? '' : `/${leaf.keyVersion}`}`
  const result = leaf.errorCode ?? leaf.result ?? ''
  const cells = [
    String(index).padStart(6),
    leaf.time,
    leaf.kind.padEnd(12),
    leaf.operation.padEnd(11),
    leaf.caller.padEnd(8),
    key.padEnd(12),
    result.padEnd(8),
    subject,
  ]
  return cells.map(visible).join('  ').trimEnd()
}
