/** sealstone audit archive */
import { resolve } from 'node:path'
import { defined, SealstoneError, toSealstoneError } from '#core'
import { archiveHome, type ArchiveHomeReport, checkHome } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { openClient } from '../connection.ts'
import { trackProgress } from '../progress.ts'
import { readLogTrust } from '../published-log.ts'
import { formatBytes, plural, visible } from '../text.ts'
import { parseIndex } from './entry-index.ts'

interface Options {
  readonly before?: string
  readonly olderThan?: number
  readonly trust?: string
}

export async function run(context: CommandContext, [operand]: readonly string[], options: Options): Promise<ExitStatus> {
  const { output, home, signal } = context
  if (options.before === undefined && options.olderThan === undefined)
    throw new SealstoneError('USAGE', 'which entries are old was not said', { hint: 'give --older-than DAYS, or --before INDEX' })
  checkHome(home) // before the trust file is missed in it
  const { log } = await readLogTrust(context, options.trust)
  using progress = trackProgress(output, 'archiving', 'auto', (count) => plural(count, 'entry', 'entries'))
  const show = (done: number, total: number): void =>
    progress.report({ bytesDone: done, bytesTotal: total, filesDone: 0, filesTotal: 0, current: '' })
  const wanted = defined({
    before: options.before === undefined ? undefined : parseIndex(options.before),
    olderThan: options.olderThan === undefined ? undefined : new Date(Date.now() - options.olderThan * DAY_MS),
  })
  const directory = operand === undefined ? undefined : resolve(operand)
  const alone = archiveHome({ home, log, signal, onProgress: ({ done, total }) => show(done, total), ...defined({ directory }), ...wanted })
  const report = await alone.catch(async (thrown: unknown) => {
    if (toSealstoneError(thrown).code !== 'DAEMON_RUNNING') throw thrown
    // A daemon that runs does it itself, between its signatures.
    await using client = await openClient(home, {})
    return await client.archiveEntries(wanted, { signal, onProgress: show })
  })
  progress.stop()
  if (output.json) output.record({ ...report })
  else output.line(describe(report))
  return EXIT.ok
}

function describe({ directory, end, moved, size, bytesBefore, bytesAfter }: ArchiveHomeReport): string {
  const place = `${visible(directory)} has entries 0 to ${end - 1n} of ${size}`
  if (end === 0n) return 'nothing is old enough: the last two bundles of 256 entries always stay'
  if (moved === 0) return `${place}, nothing is new`
  if (bytesAfter >= bytesBefore) return `${place}, ${moved} of them new; the database keeps its ${formatBytes(bytesAfter)} and fills them again`
  return `${place}, ${moved} of them new; the database is ${formatBytes(bytesAfter)}, it was ${formatBytes(bytesBefore)}`
}

const DAY_MS = 86_400_000
