/** sealstone audit export */
import { resolve } from 'node:path'
import type { Client, LogEntry } from '#client'
import { SealstoneError } from '#core'
import { type ExportFormat, exportRecord, openExportFile, recordName, type RecordName } from '#review'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { jsonText, plural, visible } from '../text.ts'
import { parseIndex } from './entry-index.ts'

type ExportOptions = ConnectionOptions & {
  format?: ExportFormat
  from?: string
  to?: string
  follow?: true
  resume?: true
  output?: string
}

export async function run(context: CommandContext, _operands: readonly string[], options: ExportOptions): Promise<ExitStatus> {
  const { format = 'jsonl', follow = false, resume = false, output: path } = options
  if (resume && path === undefined) throw new SealstoneError('USAGE', '--resume goes on with a file, and -o names none')
  if (resume && options.from !== undefined) throw new SealstoneError('USAGE', '--resume and --from exclude each other: the file says where to go on')
  if (follow && options.to !== undefined) throw new SealstoneError('USAGE', '--follow and --to exclude each other')
  const from = options.from === undefined ? 0n : parseIndex(options.from)
  const to = options.to === undefined ? undefined : parseIndex(options.to)
  if (to !== undefined && to < from) throw new SealstoneError('USAGE', `the export ends at entry ${to}, before it begins at ${from}`)

  const { output, home, signal } = context
  await using file = path === undefined ? undefined : await openExportFile(resolve(path), format, { resume, buffered: !follow })
  await using client = await openClient(home, options)
  const { note } = await client.getCheckpoint({ signal })
  const origin = note.split('\n')[0] ?? '' // c2sp.org/tlog-checkpoint: the first line is the log's name
  let written = 0
  for await (const entry of readFrom(client, context, { from, last: file?.last, follow })) {
    if (output.closed || (to !== undefined && entry.index >= to)) break
    const record = exportRecord(entry, format, origin)
    if (file === undefined) output.record(record)
    else await file.write(jsonText(record))
    written++
  }
  await file?.sync()
  if (path !== undefined) {
    if (output.json) output.record({ wrote: resolve(path), records: written })
    else output.note(`wrote ${plural(written, 'record')} to ${visible(path)}`)
  }
  return EXIT.ok
}

interface Reading {
  readonly from: bigint
  /** The last record of the file that is to go on. */
  readonly last: RecordName | undefined
  readonly follow: boolean
}

/** Begins with the last one that was written, to see that it is still the same log. */
async function* readFrom(client: Client, { output, signal }: CommandContext, reading: Reading): AsyncGenerator<LogEntry> {
  const { last, follow } = reading
  const filter = { from: last?.index ?? reading.from }
  const onAway = (error: SealstoneError): void => output.warn(`${error.message}; waiting for it`)
  const entries = follow
    ? client.followEntries(filter, { signal, forExport: true, onAway, onBack: () => output.note('the daemon answers again') })
    : client.listEntries(filter, { signal, forExport: true, inBulk: true, timeoutMs: READ_MS })
  let isChecked = last === undefined
  for await (const entry of entries) {
    if (isChecked) yield entry
    else if (entry.index !== last?.index || recordName(entry).leafHash !== last.leafHash) throw otherLog(last?.index)
    isChecked = true
  }
  if (!isChecked) throw otherLog(last?.index)
}

function otherLog(index: bigint | undefined): SealstoneError {
  return new SealstoneError('INPUT_INVALID', `entry ${index} of the log is not the last record of the file: it is an export of another log`, {
    hint: 'export into another file; if it is the same log, it was rewritten: look at it with sealstone audit verify',
  })
}

/** An export of a large log takes as long as it takes. */
const READ_MS = 24 * 3_600_000
