/** sealstone mcp verify: a signed manifest, offline, and whether a server offers just what it says. */
import { join } from 'node:path'
import { defined } from '#core'
import { diffOffers, type OfferDifference, type OfferVerdict, verifyOffer } from '#toolsets'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { printErrorLines } from '../failure.ts'
import { printDifferences, serverText } from '../offer-text.ts'
import type { Output } from '../output.ts'
import { plural, table, visible } from '../text.ts'
import { askForOffer, type AskOptions } from './ask-for-offer.ts'
import { serverTarget } from './mcp-target.ts'
import { type TrustOptions, trustSource } from './trust-source.ts'

type McpVerifyOptions = AskOptions & TrustOptions & { require?: 'hybrid' | 'classical'; requireProtection?: 'token' | 'hsm' }

export async function run({ output, home, signal }: CommandContext, operands: readonly string[], options: McpVerifyOptions): Promise<ExitStatus> {
  const [manifest = '', ...command] = operands
  const hasServer = command.length > 0 || options.url !== undefined
  if (hasServer) serverTarget(command, options) // a usage error is told first
  const { require, requireProtection } = options
  const judged = await verifyOffer(manifest, {
    trust: trustSource(home, options),
    trustMemory: join(home, 'trust-used'),
    ...defined({ require, requireProtection }),
  })
  // What is not believed is not worth starting a server for.
  const { approved } = judged
  const differences = approved && hasServer ? diffOffers(approved.offer, await askForOffer(command, options, output, signal)) : undefined
  if (output.json) {
    const server = approved && { name: approved.offer.server['name'], version: approved.offer.server['version'] }
    output.record({
      ...judged.verdict,
      ok: judged.verdict.ok && !differences?.length,
      manifest,
      compared: differences !== undefined,
      ...defined({ server, digest: approved?.digest, differences }),
    })
  } else print(output, manifest, judged, differences)
  for (const warning of judged.verdict.warnings) output.warn(visible(warning))
  if (approved === undefined) printErrorLines(output, `${manifest} does not verify: ${firstReason(judged)}`, badHint(judged))
  else if (differences !== undefined && differences.length > 0) {
    const more = differences.length > 1 ? `, and ${plural(differences.length - 1, 'more difference', 'more differences')}` : ''
    printErrorLines(output, `the server does not offer what was signed: ${differences[0]?.reason}${more}`, DIFFERENT_HINT)
  }
  return judged.verdict.ok && !differences?.length ? EXIT.ok : EXIT.failed
}

function print(output: Output, manifest: string, { verdict, approved }: OfferVerdict, differences: readonly OfferDifference[] | undefined): void {
  const isGood = approved !== undefined && !differences?.length
  output.line(`${isGood ? output.good('OK') : output.bad('FAILED')}  ${visible(manifest)}`)
  const { signer, checks } = verdict
  const facts: string[][] =
    approved === undefined
      ? checks.filter(({ status }) => status === 'failed').map(({ name, reason }) => ['failed', name, reason])
      : [
          ['server', serverText(approved.offer)],
          ['digest', `sha256:${approved.digest}`],
          ['signed by', signer?.keyName === undefined ? `key sha256:${signer?.fingerprint}` : `${signer.keyName} (version ${signer.keyVersion})`],
          ...(signer?.signedAt === undefined ? [] : [['signed at', signer.signedAt]]),
          ...(differences === undefined ? [] : [['offered', differences.length === 0 ? 'all as signed' : plural(differences.length, 'difference')]]),
        ]
  for (const row of table(facts.map((cells) => cells.map(visible)))) output.line(`  ${row}`)
  printDifferences(output, differences ?? [])
}

function firstReason({ verdict }: OfferVerdict): string {
  return verdict.checks.find(({ status }) => status === 'failed')?.reason ?? 'no trusted signature was found'
}

function badHint({ verdict }: OfferVerdict): string {
  const isStranger = verdict.checks.some(({ name, status }) => name === 'key-trusted' && status === 'failed')
  return isStranger
    ? 'check that the trust file is the one of the signer'
    : 'do not use the server with it; get the manifest again from whoever signed it'
}

const DIFFERENT_HINT = 'do not use the server until somebody has looked at each difference; if they are right, sign it anew: sealstone mcp sign'
