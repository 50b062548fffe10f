/** sealstone audit archive */
import { resolve } from 'node:path'
import { defined, SealstoneError } from '#core'
import { archiveHome, type ArchiveHomeReport } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
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
  const { log } = await readLogTrust(context, options.trust)
  using progress = trackProgress(output, 'archiving', 'auto', (count) => plural(count, 'entry', 'entries'))
  const report = await archiveHome({
    home,
    log,
    signal,
    onProgress: (_work, done, total) => progress.report({ bytesDone: done, bytesTotal: total, filesDone: 0, filesTotal: 0, current: '' }),
    ...defined({
      directory: operand === undefined ? undefined : resolve(operand),
      before: options.before === undefined ? undefined : parseIndex(options.before),
      olderThan: options.olderThan === undefined ? undefined : new Date(Date.now() - options.olderThan * DAY_MS),
    }),
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
  return `${place}, ${moved} of them new; the database is ${formatBytes(bytesAfter)}, it was ${formatBytes(bytesBefore)}`
}

const DAY_MS = 86_400_000
