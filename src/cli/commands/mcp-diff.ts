/** sealstone mcp diff: what two offers differ in. Nothing is verified. */
import { statSync } from 'node:fs'
import { diffOffers, type Offer, offerDigest, readOfferFile } from '#toolsets'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { printDifferences } from '../offer-text.ts'
import { plural, visible } from '../text.ts'
import { askForOffer, type AskOptions } from './ask-for-offer.ts'

export async function run({ output, signal }: CommandContext, operands: readonly string[], options: AskOptions): Promise<ExitStatus> {
  const [left = '', ...right] = operands
  const before = await readOfferFile(left)
  const [file = ''] = right
  const isFile =
    options.url === undefined && right.length === 1 && statSync(file, { throwIfNoEntry: false })?.isFile() === true && /\.(?:sig|json)$/.test(file)
  const now = isFile ? await readOfferFile(file) : await askForOffer(right, options, output, signal)
  const differences = diffOffers(before, now)
  if (output.json) {
    output.record({
      a: left,
      b: isFile ? file : (options.url ?? right),
      identical: differences.length === 0,
      verified: false,
      digest: digestOf(now),
      differences,
    })
  } else {
    printDifferences(output, differences)
    output.line(differences.length === 0 ? `the same: sha256:${digestOf(now)}` : plural(differences.length, 'difference'))
  }
  if (left.endsWith('.sig')) output.warn(`signatures are not verified here; for that: sealstone mcp verify ${visible(left)}`)
  return differences.length === 0 ? EXIT.ok : EXIT.failed
}

/** An offer with a name in it twice has none. */
function digestOf(offer: Offer): string | null {
  try {
    return offerDigest(offer)
  } catch {
    return null
  }
}
