/** sealstone audit list */
import type { Client, EntryFilter, LogEntry } from '#client'
import { defined, parseIdentity, SealstoneError } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { printEntry } from '../entry-line.ts'
import type { Output } from '../output.ts'
import { readWhoIs, type WhoIsOptions } from '../who-is.ts'
import { type FilterOptions, readFilter } from './entry-filter.ts'

type ListOptions = ConnectionOptions & FilterOptions & Pick<WhoIsOptions, 'pseudonymKey'> & { limit?: number; follow?: true; resolve?: string }

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: ListOptions): Promise<ExitStatus> {
  const { limit, follow } = options
  if (follow === true && options.until !== undefined) {
    throw new SealstoneError('USAGE', '--until and --follow exclude each other', { hint: 'what has passed is there at once: leave --follow away' })
  }
  const filter = await readFilter(options)
  const whoIs = options.resolve === undefined ? NOBODY : await readWhoIs(home, { ...options, identities: options.resolve })
  await using client = await openClient(home, options)
  for await (const entry of follow === true ? followFrom(client, filter, limit, output, signal) : select(client, filter, limit, signal)) {
    if (output.closed) break
    const identity = whoIs.get(entry.leaf.caller)
    if (output.json) output.record({ index: entry.index, ...entry.leaf, ...defined({ identity }) })
    else printEntry(output, identity === undefined ? entry : { ...entry, leaf: { ...entry.leaf, caller: parseIdentity(identity) } })
  }
  return EXIT.ok
}

/** A limit asks for the newest, newest first; they are turned round so that a list always reads downwards in time. */
async function* select(client: Client, filter: EntryFilter, limit: number | undefined, signal: AbortSignal): AsyncGenerator<LogEntry> {
  if (limit === undefined) yield* client.listEntries(filter, { signal })
  else yield* (await Array.fromAsync(client.listEntries({ ...filter, limit, reverse: true }, { signal }))).reverse()
}

/** As `tail -f` does: a few that are there, or all since a time, then those that come. */
async function* followFrom(
  client: Client,
  filter: EntryFilter,
  limit: number | undefined,
  output: Output,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  let from = 0n
  if (filter.since === undefined || limit !== undefined) {
    for await (const entry of select(client, filter, limit ?? SHOWN_FIRST, signal)) {
      from = entry.index + 1n
      yield entry
    }
  }
  const onAway = (error: SealstoneError): void => output.warn(`${error.message}; waiting for it`)
  yield* client.followEntries({ ...filter, from }, { signal, onAway, onBack: () => output.note('the daemon answers again') })
}

const SHOWN_FIRST = 10
const NOBODY: ReadonlyMap<string, string> = new Map()
