/** sealstone audit diff: two views of a log, each a published log or a file with a checkpoint in it. */
import { statSync } from 'node:fs'
import { readKeptNote, readRequired } from '#client/offline'
import { LIMITS, utf8Text } from '#core'
import type { LogDifference, LogView } from '#monitor'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { printErrorLines } from '../failure.ts'
import type { Output } from '../output.ts'
import { openPublished, readLogTrust } from '../published-log.ts'
import { visible } from '../text.ts'

export async function run(context: CommandContext, operands: readonly string[], options: { trust?: string }): Promise<ExitStatus> {
  const { output, signal } = context
  const [a = '', b = ''] = operands
  const { log } = await readLogTrust(context, options.trust)
  const { diffLogs } = await import('#monitor')
  const difference = await diffLogs(await openView(a, signal), await openView(b, signal), log)
  const words = describe(difference, a, b)
  if (output.json) output.record({ a, b, origin: log.origin, ...record(difference) })
  else print(output, difference, words)
  if (difference.kind === 'same' || difference.kind === 'ahead') return EXIT.ok
  printErrorLines(output, words, difference.kind === 'forked' ? FORK_HINT : OTHER_HINT)
  return EXIT.failed
}

async function openView(place: string, signal: AbortSignal): Promise<LogView> {
  const isPublished = /^https?:\/\//.test(place) || statSync(place, { throwIfNoEntry: false })?.isDirectory() === true
  if (place.endsWith('.fork.json')) {
    const { parseForkEvidence } = await import('#monitor')
    const { newer, ...fork } = parseForkEvidence(await readRequired(place, LIMITS.bundleBytes))
    return { note: newer, fork }
  }
  if (!isPublished) return { note: await readKeptNote(place) }
  const source = await openPublished(place, signal)
  return { note: await source.checkpoint(), source }
}

function describe(difference: LogDifference, a: string, b: string): string {
  switch (difference.kind) {
    case 'other-log':
      return `${a} is of the log ${difference.origins[0]}, ${b} of ${difference.origins[1]}`
    case 'same':
      return `both have the same ${difference.size} entries`
    case 'ahead': {
      const [ahead, behind] = difference.ahead === 'a' ? [a, b] : [b, a]
      return `${ahead} is ${difference.by} entries ahead of ${behind}, and continues it`
    }
    case 'forked': {
      const from = difference.first === undefined ? '' : ` from entry ${difference.first.index} on`
      return `the log keys signed two histories: ${a} and ${b} differ${from}`
    }
  }
}

function print(output: Output, difference: LogDifference, words: string): void {
  const isGood = difference.kind === 'same' || difference.kind === 'ahead'
  output.line(`${isGood ? output.good('OK') : output.bad(difference.kind === 'forked' ? 'FORK' : 'OTHER')}  ${visible(words)}`)
  if (difference.kind !== 'forked' || difference.first === undefined) return
  output.line(`  a  ${visible(utf8Text(difference.first.a))}`)
  output.line(`  b  ${visible(utf8Text(difference.first.b))}`)
}

function record(difference: LogDifference): object {
  if (difference.kind !== 'forked' || difference.first === undefined) return { ...difference, kind: undefined, verdict: difference.kind }
  const { index, a, b } = difference.first
  return { verdict: difference.kind, sizes: difference.sizes, first: { index, a: utf8Text(a), b: utf8Text(b) } }
}

const FORK_HINT = 'keep both: they are the proof; believe neither, and ask the operator of the log'
const OTHER_HINT = 'compare views of one log'
