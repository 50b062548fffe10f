/** sealstone bench sign */
import { benchSign } from '#bench'
import { defined } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { table } from '../text.ts'

type Options = { clients?: readonly number[]; seconds?: number; batch?: number; children?: number; suite?: string }

export async function run({ output, signal }: CommandContext, _operands: readonly string[], options: Options): Promise<ExitStatus> {
  const [entry = ''] = process.argv.slice(1)
  const report = await benchSign({
    clients: options.clients ?? [1, 8, 64],
    batch: options.batch ?? 64,
    seconds: options.seconds ?? 10,
    program: [process.execPath, ...process.execArgv, entry],
    signal,
    onStep: (what) => output.note(`measuring: ${what}`),
    ...defined({ suite: options.suite, children: options.children }),
  })
  if (output.json) {
    output.record(report.rows.map((row) => ({ suite: report.suite, ...row })))
    return EXIT.ok
  }
  const rows = report.rows.map((row) =>
    [row.clients, row.batch, row.rate_per_s, row.p50_ms, row.p90_ms, row.p99_ms, row.p999_ms, row.cpu, row.rss_mib, row.refused, row.ratio].map(
      shown,
    ),
  )
  for (const line of table([['CLIENTS', 'BATCH', 'PER S', 'P50 MS', 'P90', 'P99', 'P99.9', 'CORES', 'MIB', 'REFUSED', 'RATIO'], ...rows]))
    output.line(line)
  output.line()
  const children = report.rows[0]?.children ?? 0
  output.line(`signed by ${children === 1 ? 'one process' : `${children} processes`} of the key host`)
  output.line(
    `bare primitives of ${report.suite}: ${shown(report.limit.perSecond)} a second on one core; one signing by itself ${shown(report.limit.serialMs)} ms`,
  )
  for (const line of table(Object.entries(report.limit.parts).map(([name, milliseconds]) => [`  ${name}`, `${milliseconds.toFixed(3)} ms`])))
    output.line(line)
  return EXIT.ok
}

function shown(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '-'
  return Number.isInteger(value) ? String(value) : value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
