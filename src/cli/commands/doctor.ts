/** sealstone doctor */
import { doctor } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { table, visible } from '../text.ts'

export async function run({ output, home }: CommandContext): Promise<ExitStatus> {
  const report = await doctor({ home })
  if (output.json) {
    output.record(report)
    return report.ok ? EXIT.ok : EXIT.unavailable
  }
  const rows = table(report.checks.map((check) => [check.status, visible(check.name), visible(check.detail)]))
  report.checks.forEach((check, at) => {
    const row = rows[at] ?? ''
    output.line(check.status === 'fail' ? output.bad(row) : check.status === 'warn' ? output.strong(row) : row)
    if (check.hint !== undefined && check.status !== 'ok') output.line(`      hint: ${visible(check.hint)}`)
  })
  return report.ok ? EXIT.ok : EXIT.unavailable
}
