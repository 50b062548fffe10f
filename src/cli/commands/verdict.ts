/** Prints a verdict: what holds, or every reason why not. */
import { type FileDifference, nextStep, type Verdict } from '#client/offline'
import { printErrorLines } from '../failure.ts'
import type { Output } from '../output.ts'
import { table, visible } from '../text.ts'

/** The verdict is the result, so it goes to standard output also when it is bad; warnings and the error lines go to standard error. */
export function printVerdict(output: Output, model: string, verdict: Verdict): void {
  if (output.json) output.record({ ...verdict, model })
  else if (verdict.ok) printGood(output, model, verdict)
  else printBad(output, model, verdict)
  for (const warning of verdict.warnings) output.warn(visible(warning))
  if (!verdict.ok) printErrorLines(output, `${model} does not verify: ${firstReason(verdict)}`, nextStep(verdict))
}

function printGood(output: Output, model: string, { checks, signer }: Verdict): void {
  output.line(`${output.good('OK')}  ${visible(model)}`)
  const key = signer?.keyName === undefined ? undefined : `${signer.keyName} (version ${signer.keyVersion})`
  const facts: string[][] = [
    ['signed by', key ?? signer?.certificateSubject ?? `key sha256:${signer?.fingerprint}`],
    ['suite', signer?.suite ?? ''],
    ...(signer?.signedAt === undefined ? [] : [['signed at', signer.signedAt]]),
    ...checks.filter(({ status, name }) => status === 'passed' && SHOWN_WHEN_GOOD.has(name)).map(({ name, reason }) => [name, reason]),
  ]
  for (const row of table(facts.map((row) => row.map(visible)))) output.line(`  ${row}`)
}

function printBad(output: Output, model: string, { checks, differences }: Verdict): void {
  output.line(`${output.bad('FAILED')}  ${visible(model)}`)
  for (const difference of differences) printDifference(output, difference)
  const failed = checks.filter(({ status }) => status === 'failed')
  for (const row of table(failed.map(({ name, reason }) => ['failed', name, reason].map(visible)))) output.line(`  ${row}`)
}

function printDifference(output: Output, { name, kind, want, got }: FileDifference): void {
  output.line(`  ${output.strong(kind.padEnd(8))} ${visible(name)}`)
  if (want !== undefined) output.line(`           want ${visible(want)}`)
  if (got !== undefined) output.line(`           got  ${visible(got)}`)
}

function firstReason({ checks }: Verdict): string {
  const failed = checks.filter(({ status }) => status === 'failed')
  const [first] = failed
  if (first === undefined) return 'no trusted signature was found'
  return `${first.reason}${failed.length > 1 ? ` (and ${failed.length - 1} more)` : ''}`
}

const SHOWN_WHEN_GOOD: ReadonlySet<string> = new Set(['hybrid-signature', 'companion-signature', 'certificate-chain', 'files', 'audit-receipt'])
