/** sealstone audit verify: offline, but for --log. Loads neither gRPC nor the daemon. */
import { type LoggedVerdict, type LogTrust, verifyLogged } from '#client/offline'
import { toSealstoneError } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { printErrorLines } from '../failure.ts'
import type { Output } from '../output.ts'
import { openPublished, readLogTrust } from '../published-log.ts'
import { table, visible } from '../text.ts'
import { tellEntry } from './entry-story.ts'

type AuditVerifyOptions = { trust?: string; log?: string }

interface TodayCheck {
  readonly name: 'log-today'
  readonly status: 'passed' | 'failed'
  readonly reason: string
}

export async function run(context: CommandContext, operands: readonly string[], options: AuditVerifyOptions): Promise<ExitStatus> {
  const { output, signal } = context
  const [file = ''] = operands
  const trusted = await readLogTrust(context, options.trust)
  const verdict = await verifyLogged(file, trusted.trust, {
    now: new Date(),
    ...(options.log === undefined ? {} : { findLeaf: ({ index }) => findLeaf(index, trusted, options.log, signal) }),
  })
  const today =
    options.log === undefined || verdict.checkpoint === undefined ? undefined : await checkToday(verdict.checkpoint, trusted, options.log, signal)
  const checks = [...verdict.checks, ...(today === undefined ? [] : [today])]
  const ok = verdict.ok && today?.status !== 'failed'
  if (output.json) output.record({ ok, file, document: verdict.document, checks, ...entryRecord(verdict), warnings: verdict.warnings })
  else print(output, file, { ...verdict, ok }, checks)
  for (const warning of verdict.warnings) output.warn(visible(warning))
  if (!ok) printErrorLines(output, `${file}: ${checks.find(({ status }) => status === 'failed')?.reason ?? 'not proven'}`, HINT)
  return ok ? EXIT.ok : EXIT.failed
}

/** The log as it is published now must still have all that the receipt's checkpoint has. */
async function checkToday(kept: string, { log }: LogTrust, place: string, signal: AbortSignal): Promise<TodayCheck> {
  const { openSigned, readCheckpoint, requireExtension, signedAt } = await import('#monitor')
  const source = await openPublished(place, signal)
  const seen = openSigned(kept, log)
  try {
    const today = await readCheckpoint(source, log)
    await requireExtension(seen, today, source)
    return { name: 'log-today', status: 'passed', reason: `the log of ${signedAt(today)} has ${today.size} entries and still contains it` }
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    if (error.entry.exit !== EXIT.failed) throw error
    return { name: 'log-today', status: 'failed', reason: error.message }
  }
}

async function findLeaf(index: bigint, { log }: LogTrust, place: string | undefined, signal: AbortSignal): Promise<Uint8Array> {
  const { proveEntry } = await import('#monitor')
  return (await proveEntry(await openPublished(place, signal), log, index)).leaf
}

function entryRecord({ entry }: LoggedVerdict): object {
  return entry === undefined ? {} : { entry: { index: entry.index, ...entry.leaf } }
}

function print(
  output: Output,
  file: string,
  { ok, entry }: LoggedVerdict,
  checks: readonly { name: string; status: string; reason: string }[],
): void {
  output.line(`${ok ? output.good('OK') : output.bad('FAILED')}  ${visible(file)}`)
  const rows = checks.map(({ name, status, reason }) => (ok ? [name, reason] : [status, name, reason]))
  for (const row of table(rows.map((cells) => cells.map(visible)))) output.line(`  ${row}`)
  if (ok && entry !== undefined) for (const line of tellEntry(entry)) output.line(`  ${visible(line)}`)
}

const HINT = 'do not rely on it; keep the file as evidence and ask the operator of the log'
