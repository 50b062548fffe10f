/** diff_tool_manifest: in what two offers of an MCP server differ, signed or not; nothing is verified. */
import { z } from 'zod'
import { readUnverifiedStatement } from '#client/offline'
import { type JsonObject, SealstoneError } from '#core'
import { diffOffers, type Offer, readOffer, readOfferStatement } from '#toolsets'
import { manifestBytes, MANIFEST_INPUT, OfferInput } from '../manifest-input.ts'
import { differencesJson, DifferencesShape } from '../offer-differences.ts'
import { tool } from '../tool.ts'
import { NoticeShape } from '../untrusted.ts'

const Side = z.strictObject({
  ...MANIFEST_INPUT,
  offer: OfferInput.optional().describe('An offer as it came from the server, instead of a manifest.'),
})

export const diffToolManifestTool = tool({
  name: 'diff_tool_manifest',
  title: "Compare an MCP server's tools",
  description:
    'Lists in what two sets of tools differ, each a signed manifest or an offer as a server made it: tools added, removed, renamed, changed (with the place ' +
    'and both values), offered twice, or with a name that looks like another. The order does not matter. No signature is verified.',
  input: z.strictObject({ approved: Side, now: Side }),
  output: z.strictObject({ notice: NoticeShape, same: z.boolean(), ...DifferencesShape }),
  asksDaemon: false,
  run: async ({ approved, now }, { service }) => {
    const differences = diffOffers(await offerOf(approved, service.roots), await offerOf(now, service.roots))
    return { same: differences.length === 0, ...differencesJson(differences) }
  },
})

async function offerOf({ offer, ...manifest }: z.output<typeof Side>, roots: readonly string[]): Promise<Offer> {
  if (offer === undefined) return readOfferStatement(readUnverifiedStatement(await manifestBytes(manifest, roots)))
  if (manifest.path !== undefined || manifest.text !== undefined) throw new SealstoneError('INPUT_INVALID', 'want a manifest or an offer, not both')
  return readOffer(offer as JsonObject)
}
