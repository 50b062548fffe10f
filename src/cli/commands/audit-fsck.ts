/** sealstone audit fsck */
import { defined, SealstoneError, toBase64 } from '#core'
import { checkHome, fsckHome } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { printErrorLines } from '../failure.ts'
import type { Output } from '../output.ts'
import { trackProgress } from '../progress.ts'
import { openPublished, readLogTrust } from '../published-log.ts'
import { plural, visible } from '../text.ts'

export async function run(
  context: CommandContext,
  _operands: readonly string[],
  { trust, tiles }: { trust?: string; tiles?: string },
): Promise<ExitStatus> {
  const { output, home, signal } = context
  checkHome(home) // before the trust file is missed in it
  const { log } = await readLogTrust(context, trust)
  const published = tiles === undefined ? undefined : await openPublished(tiles, signal)
  using progress = trackProgress(output, 'checking', 'auto', (count) => plural(count, 'leaf', 'leaves'))
  const report = await fsckHome({
    home,
    log,
    signal,
    onProgress: (done, total) => progress.report({ bytesDone: done, bytesTotal: total, filesDone: 0, filesTotal: 0, current: '' }),
    ...defined({ published }),
  })
  progress.stop()
  if (output.json) output.record({ ok: isWhole(report), ...report, root: toBase64(report.root) })
  else print(output, report, tiles)
  const [first] = report.findings
  if (first === undefined && report.unread === undefined) return EXIT.ok
  if (first === undefined) {
    const error = new SealstoneError('COLD_STORAGE_UNREADABLE', report.unread?.detail)
    printErrorLines(output, error.message, error.hint)
    return error.entry.exit
  }
  const more = report.findingCount === 1 ? '' : `; ${report.findingCount} faults in all`
  printErrorLines(
    output,
    `${first.detail}${more}`,
    'keep the state directory and its backups as they are: they are the evidence; start no daemon on it',
  )
  return EXIT.failed
}

function isWhole({ findingCount, unread }: Report): boolean {
  return findingCount === 0 && unread === undefined
}

type Report = Awaited<ReturnType<typeof fsckHome>>

function print(
  output: Output,
  { origin, size, root, openIntents, checkpoints, unsigned, published, findings, findingCount, unread }: Report,
  tiles?: string,
): void {
  const intents = openIntents === 0 ? '' : `, ${plural(openIntents, 'open intent')}`
  const copy = published === undefined ? '' : `; ${visible(tiles ?? '')} has ${published} of them`
  const verdict = findingCount > 0 ? output.bad('CORRUPT') : unread === undefined ? output.good('OK') : output.bad('UNREAD')
  output.line(`${verdict}  ${visible(origin)}: ${plural(Number(size), 'leaf', 'leaves')}, ${plural(checkpoints, 'checkpoint')}${intents}${copy}`)
  output.line(`    root ${toBase64(root)}`)
  if (unsigned > 0n)
    output.line(`    the last ${plural(Number(unsigned), 'leaf is', 'leaves are')} in no signed checkpoint yet: only the database says what they are`)
  if (unread !== undefined) output.line(`    ${plural(unread.bundles, 'bundle')} could not be read from cold storage; all else was checked`)
  for (const { changed, detail } of findings) output.line(`    ${changed}: ${visible(detail)}`)
  if (findingCount > findings.length) output.line(`    and ${findingCount - findings.length} more`)
}
