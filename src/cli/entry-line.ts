/** An entry of the log on one line, cut to what a terminal has room for. */
import type { LogEntry } from '#client'
import type { Output } from './output.ts'
import { shorten, visible } from './text.ts'

export function printEntry(output: Output, { index, leaf }: LogEntry): void {
  const key = leaf.key === undefined ? '' : `${leaf.key}${leaf.keyVersion === undefined ? '' : `/${leaf.keyVersion}`}`
  const result = leaf.errorCode ?? leaf.decision ?? leaf.result ?? ''
  const cells = [
    String(index).padStart(6),
    leaf.time,
    leaf.kind.padEnd(12),
    leaf.operation.padEnd(11),
    leaf.caller.padEnd(8),
    key.padEnd(12),
    result.padEnd(8),
    leaf.modelName ?? leaf.predicateType ?? '',
  ].map(visible)
  const fitted = output.columns === undefined ? cells : fit(cells, output.columns)
  fitted[INDEX] = output.faint(fitted[INDEX] ?? '')
  const paint = leaf.result === 'ok' || leaf.decision === 'allowed' ? output.good : result === '' ? String : output.bad
  fitted[RESULT] = paint(fitted[RESULT] ?? '')
  output.line(fitted.join(GAP).trimEnd())
}

/** Long cells give first, down to a width at which they can still be told apart; the last one is cut where the line ends. */
function fit(cells: readonly string[], columns: number): string[] {
  const fitted = [...cells]
  const excess = (): number => fitted.join(GAP).trimEnd().length - columns
  for (const [at, least] of SHRINKABLE) {
    const cell = fitted[at] ?? ''
    if (excess() > 0 && cell.trimEnd().length > least) fitted[at] = shorten(cell.trimEnd(), Math.max(least, cell.length - excess()))
  }
  while (excess() > 0 && fitted.length > SHOWN_ALWAYS) {
    const last = fitted.pop() ?? ''
    const room = columns - fitted.join(GAP).length - GAP.length
    if (room >= LEAST_LAST) fitted.push(shorten(last, room))
  }
  return fitted
}

const GAP = '  '
const INDEX = 0
const RESULT = 6
/** Subject, caller, key: cell and the least width. */
const SHRINKABLE = [
  [7, 16],
  [4, 16],
  [5, 12],
] as const
const SHOWN_ALWAYS = 3
const LEAST_LAST = 4
