/** sealstone audit report */
import { SealstoneError, utf8 } from '#core'
import { makeReport, reportHtml, reportMarkdown, toDocument, type UsualHours } from '#review'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { deliver } from '../deliver.ts'
import { type ProgressForm, trackProgress } from '../progress.ts'
import { openReviewTrust } from './review-trust.ts'

type ReportOptions = ConnectionOptions & {
  from: string
  to?: string
  format?: 'markdown' | 'html'
  output?: string
  usualHours?: UsualHours
  trust?: string
  progress?: ProgressForm
}

export async function run({ output, home, signal }: CommandContext, _operands: readonly string[], options: ReportOptions): Promise<ExitStatus> {
  const now = new Date()
  const { from, to = now.toISOString(), usualHours } = options
  if (from >= to) throw new SealstoneError('USAGE', `the period ends at ${to}, before it begins at ${from}`)
  await using client = await openClient(home, options)
  const trust = await openReviewTrust(home, options.trust, client, output, signal)
  using progress = trackProgress(output, 'reading', options.progress)
  const begin = Date.parse(from)
  const report = await makeReport(client, trust, {
    from,
    to,
    now,
    signal,
    ...(usualHours === undefined ? {} : { usualHours }),
    // How far the time has come: nobody knows before how many entries a period has.
    onProgress: ({ leaf }, done) =>
      progress.report({
        bytesDone: Date.parse(leaf.time) - begin,
        bytesTotal: Date.parse(to) - begin,
        filesDone: done,
        filesTotal: done,
        current: leaf.time,
      }),
  })
  progress.stop()
  if (output.json && options.output === undefined) output.record(report)
  else {
    const document = toDocument(report)
    const isPage = options.format === undefined ? options.output?.endsWith('.html') : options.format === 'html'
    await deliver(output, utf8(isPage === true ? reportHtml(document) : reportMarkdown(document)), options.output)
  }
  if (!report.evidence.proven) output.warn('the entries of the period are not proven to be in the log; the report says why')
  return report.evidence.proven ? EXIT.ok : EXIT.failed
}
