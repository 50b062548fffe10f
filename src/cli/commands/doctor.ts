/** sealstone doctor */
import { doctor, type DoctorReport } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import type { Output } from '../output.ts'
import { table, visible } from '../text.ts'

export async function run({ output, home }: CommandContext, _operands: readonly string[], { quick }: { quick?: boolean }): Promise<ExitStatus> {
  const report = await doctor({ home, quick: quick === true })
  if (output.json) output.record(report)
  else print(output, report)
  return report.ok ? EXIT.ok : EXIT.unavailable
}

function print(output: Output, report: DoctorReport): void {
  const { system, checks, probe, choice, fix } = report
  const { limits: _limits, time: _time, ...versions } = system
  output.line(
    visible(
      Object.entries(versions)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ),
  )
  output.line()
  const rows = table(checks.map((check) => [check.status, visible(check.name), visible(check.detail)]))
  checks.forEach((check, at) => {
    const row = rows[at] ?? ''
    output.line(check.status === 'fail' ? output.bad(row) : check.status === 'warn' ? output.strong(row) : row)
    if (check.hint !== undefined && check.status !== 'ok') output.line(`      hint: ${visible(check.hint)}`)
  })
  if (report.token !== undefined) section(output, 'Flags of the token', [[report.token.flags.join(' ') || 'none']])
  if (probe !== undefined) printProbe(output, probe)
  if (choice !== undefined) printChoice(output, choice)
  if (fix.length > 0)
    section(
      output,
      'What to fix',
      fix.flatMap(({ what, how }) => [[what], [`  ${how}`]]),
    )
}

function printProbe(output: Output, probe: NonNullable<DoctorReport['probe']>): void {
  output.line()
  output.line(output.strong('What the token does (median of 5)'))
  const rows = table(
    probe.map(({ name, result, ms, detail }) => [RESULTS[result], visible(name), ms === undefined ? '-' : `${ms.toFixed(3)} ms`, visible(detail)]),
  )
  probe.forEach(({ result }, at) =>
    output.line(result === 'fails' ? output.bad(rows[at] ?? '') : result === 'works' ? (rows[at] ?? '') : output.faint(rows[at] ?? '')),
  )
}

function printChoice(output: Output, { sealing, suites, children, canarySeconds, protection }: NonNullable<DoctorReport['choice']>): void {
  const seals =
    sealing === undefined
      ? 'not possible'
      : `${sealing.method}${sealing.works ? '' : ', which fails'}${sealing.quantumSafe ? '' : ', not quantum-safe'}`
  section(output, 'What follows', [
    ['sealing', seals],
    ...suites.map(({ suite, possible, halves }) => [
      suite,
      `${possible ? '' : 'NOT POSSIBLE: '}${halves
        .map(
          ({ role, location, works, tokenToo }) =>
            `${role} ${PLACES[location]}${works ? '' : ' (fails)'}${tokenToo === true ? ' or in the token' : ''}`,
        )
        .join(', ')}`,
    ]),
    ['key host', `${children} ${children === 1 ? 'process' : 'processes'}; a key is tested every ${canarySeconds} s, the keys in turn`],
    ['protection', `${protection.level}${protection.why === undefined ? '' : ` (${protection.why})`}`],
  ])
}

function section(output: Output, title: string, rows: readonly (readonly string[])[]): void {
  output.line()
  output.line(output.strong(title))
  for (const row of table(rows.map((cells) => cells.map(visible)))) output.line(row)
}

const RESULTS = { works: 'works', fails: 'FAILS', absent: 'not there', skipped: 'skipped' } as const
const PLACES = { token: 'in the token', sealed: 'sealed by it', nowhere: 'nowhere (fails)' } as const
