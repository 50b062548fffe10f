/** sealstone audit show */
import { existsSync } from 'node:fs'
import { readLogEvidence } from '#client/offline'
import { excerpt, SealstoneError } from '#core'
import { type Story, type StoryId, type StoryStep, tellStory } from '#review'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import type { Output } from '../output.ts'
import { table, visible } from '../text.ts'
import { parseIndex } from './entry-index.ts'
import { openReviewTrust } from './review-trust.ts'

type ShowOptions = ConnectionOptions & { trust?: string }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: ShowOptions): Promise<ExitStatus> {
  const id = await readId(operands[0] ?? '')
  await using client = await openClient(home, options)
  const trust = await openReviewTrust(home, options.trust, client, output, signal)
  const story = await tellStory(client, trust, id, signal)
  if (output.json) output.record(storyRecord(story))
  else printStory(output, story)
  return story.ok ? EXIT.ok : EXIT.failed
}

async function readId(text: string): Promise<StoryId> {
  if (/^[0-9a-f]{32}$/.test(text)) return { by: 'operation', operationId: text }
  if (/^[0-9]+$/.test(text)) return { by: 'index', index: parseIndex(text) }
  if (existsSync(text)) return { by: 'evidence', ...(await readLogEvidence(text)) }
  throw new SealstoneError(
    'USAGE',
    `entry is ${excerpt(text)}, want an index, an operation id of 32 hex digits, or a model.hybrid.sig or receipt file`,
  )
}

/** The last entry as `audit list` has it, and the story. */
function storyRecord({ operationId, entries, steps, ok }: Story): Record<string, unknown> {
  const last = entries.at(-1)
  const indexes = entries.map(({ index }) => index)
  return { ...(last && { index: last.index, ...last.leaf }), story: { operationId, ok, entries: indexes, steps } }
}

function printStory(output: Output, { operationId, steps }: Story): void {
  output.line(output.strong(`operation ${operationId}`))
  for (const step of steps) printStep(output, step)
}

function printStep(output: Output, { step, status, text, index, time, facts }: StoryStep): void {
  const where = [time, index === undefined ? undefined : `entry ${index}`].filter((part) => part !== undefined).join('  ')
  const mark =
    status === 'proven' ? output.good('proven ') : status === 'wrong' ? output.bad('WRONG  ') : status === 'missing' ? 'missing' : '       '
  output.line()
  output.line(`${output.strong(step.padEnd(9))}  ${mark}  ${visible(text)}`)
  if (where !== '') output.line(`${INDENT}${output.faint(where)}`)
  for (const row of table(Object.entries(facts).flatMap(([name, value]) => flatten(value, name)))) output.line(`${INDENT}${row}`)
}

/** One row per value: `halves.0.location  token`. */
function flatten(value: unknown, path: string): string[][] {
  if (typeof value !== 'object' || value === null) return [[visible(path), visible(String(value))]]
  return Object.entries(value).flatMap(([name, member]) => flatten(member, `${path}.${name}`))
}

const INDENT = ' '.repeat(20)
