/** Offers of MCP servers and their differences, as the command line shows them. */
import type { Offer, OfferDifference, OfferEntry } from '#toolsets'
import { cutText, SealstoneError } from '#core'
import type { Output } from './output.ts'
import { table, visible } from './text.ts'

/** @param entries the beginning of each is shown, and of the instructions; without them only what the offer is known by. @param write what takes a line: the result, or what is shown to the person who is asked */
export function printOffer(write: (line: string) => void, offer: Offer, digest: string, entries: readonly OfferEntry[] | undefined): void {
  write(`server     ${serverText(offer)}`)
  write(`digest     sha256:${digest}`)
  if (entries === undefined) return
  if (offer.instructions !== undefined) write(`tells      ${oneLine(offer.instructions, 500)}`)
  const rows = entries.map(({ what, name, digest: own, description = '' }) => [what, oneLine(name, 80), own.slice(0, 12), oneLine(description, 120)])
  for (const row of table(rows)) write(`  ${row}`)
}

export function printDifferences(output: Output, differences: readonly OfferDifference[]): void {
  for (const { kind, reason, path, before, after } of differences) {
    output.line(`  ${output.strong(kind.padEnd(10))} ${reason}`) // harmless already, as are the texts
    if (path === undefined) continue
    if (before !== undefined) output.line(`             approved  ${before}`)
    if (after !== undefined) output.line(`             now       ${after}`)
  }
}

/** For --json: the parts of an offer that a program wants without reading all of it. */
export function offerRecord(offer: Offer, digest: string, entries: readonly OfferEntry[]): object {
  return { server: { name: offer.server['name'], version: offer.server['version'] }, digest, entries }
}

export function serverText({ server }: Offer): string {
  const [name, version] = [server['name'], server['version']].map((text) => visible(cutText(typeof text === 'string' ? text : '', 200)))
  return `${name} ${version}`
}

function oneLine(text: string, length: number): string {
  return visible(cutText(text.replaceAll(/[ \t\r\n]+/g, ' '), length))
}

/** Throws OFFER_INVALID: whoever approves cannot see what a host will call. */
export function refuseNamesInDoubt(doubts: readonly string[], isAllowed: boolean, output: Output): void {
  const [first] = doubts
  if (first === undefined) return
  for (const doubt of doubts.slice(0, 20)) output.warn(doubt)
  if (!isAllowed)
    throw new SealstoneError('OFFER_INVALID', `${first}${doubts.length > 1 ? `, and ${doubts.length - 1} more` : ''}`, {
      hint: 'ask the maintainer of the server; if it is right, add --allow-look-alikes',
    })
}
