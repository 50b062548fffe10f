/** sealstone mcp approve: a person looks at what a server offers and pins it, for servers that nobody signed. */
import { excerpt, SealstoneError, toSealstoneError } from '#core'
import { diffOffers, listEntries, namesInDoubt, type Offer, offerDigest, type OfferEntry, pinPath, readPin, writePin } from '#toolsets'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { askToType } from '../confirm.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import type { Output } from '../output.ts'
import { offerRecord, printDifferences, printOffer, refuseNamesInDoubt } from '../offer-text.ts'
import { visible } from '../text.ts'
import { wholeOffer } from '../whole-offer.ts'
import { askForOffer, type AskOptions } from './ask-for-offer.ts'
import { pinFolder } from './find-approval.ts'
import { pinTarget, serverTarget } from './mcp-target.ts'

type McpApproveOptions = ConnectionOptions & AskOptions & { yes?: string; allowLookAlikes?: boolean }

export async function run(context: CommandContext, operands: readonly string[], options: McpApproveOptions): Promise<ExitStatus> {
  const { output, home, signal } = context
  const folder = pinFolder(home)
  const pinned = pinTarget(serverTarget(operands, options))
  const before = await readPin(folder, pinned)
  const offer = await askForOffer(operands, options, output, signal)
  const digest = offerDigest(offer)
  const entries = listEntries(offer)
  const differences = before === undefined ? [] : diffOffers(before.offer, offer)

  const lines = show(output, offer, digest, options.yes === undefined ? undefined : entries)
  if (before !== undefined && !output.json) {
    output.line(`approved before, at ${before.approvedAt}${differences.length === 0 ? ', and the same now' : '; since then:'}`)
    printDifferences(output, differences)
  }
  refuseNamesInDoubt(namesInDoubt(offer), options.allowLookAlikes === true, output)
  await confirm(digest, options.yes, lines, output, signal)

  // The log first: an approval that is in it and not on the disk approves nothing.
  const leafIndex = await record(context, options, offer, digest)
  const { approvedAt } = await writePin(folder, { target: pinned, offer, approvedAt: new Date().toISOString() })
  const pin = pinPath(folder, pinned)
  if (output.json) output.record({ ...offerRecord(offer, digest, entries), offer, differences, approvedAt, pin, leafIndex: leafIndex ?? null })
  else {
    output.line(`${output.good('approved')}   ${visible(pin)}`)
    if (leafIndex !== undefined) output.line(`log entry  ${leafIndex}`)
  }
  return EXIT.ok
}

/** All of it, or for somebody who looked at it before the table. @returns the lines to look at */
function show(output: Output, offer: Offer, digest: string, table: readonly OfferEntry[] | undefined): number {
  const write = output.json ? output.note : output.line
  printOffer(write, offer, digest, table)
  if (table !== undefined) return 0
  let lines = 0
  for (const line of wholeOffer(offer, output.columns)) {
    write(line)
    lines++
  }
  return lines
}

async function confirm(digest: string, given: string | undefined, lines: number, output: Output, signal: AbortSignal): Promise<void> {
  if (given !== undefined) {
    if (given.replace(/^sha256:/, '') === digest) return
    throw new SealstoneError('VERIFICATION_FAILED', `the server offers sha256:${digest}, --yes names ${excerpt(given)}`, {
      hint: 'look at what it offers now, without --yes, before you approve it; nothing was approved',
    })
  }
  const hint = `look at what is listed, then add: --yes sha256:${digest}`
  if (process.stdin.isTTY && lines > LONG)
    output.note(
      `These are ${lines} lines. To page through them: end with Ctrl-C, add </dev/null | less to the command, and approve with --yes sha256:${digest}`,
    )
  const typed = await askToType({ what: 'the approval', question: `Hosts will be given all of this. Type ${WORD} to go on: `, hint }, signal)
  if (typed !== WORD)
    throw new SealstoneError('INPUT_INVALID', `it was not approved: got ${JSON.stringify(typed)}, want ${WORD}`, { hint: 'nothing was changed' })
}

/** The index of the entry in the audit log; a pin is good without one, since many machines have no daemon. */
async function record(
  { home, output, signal }: CommandContext,
  options: ConnectionOptions,
  offer: Offer,
  digest: string,
): Promise<bigint | undefined> {
  try {
    await using client = await openClient(home, options)
    const subject = `mcp server ${excerpt(offer.server['name'] as string)}`
    return await client.recordDecision(
      { operation: 'mcp.approve', subject, digest, decision: 'allowed', reason: 'a person approved what it offers' },
      { signal },
    )
  } catch (thrown) {
    signal.throwIfAborted()
    output.warn(`the approval is not in the audit log: ${visible(toSealstoneError(thrown).message)}`)
    return undefined
  }
}

const WORD = 'approve'
/** More than a screen. */
const LONG = 40
