/** verify_tool_manifest: whether a trusted key approved what an MCP server offers, and whether it still offers just that. */
import { z } from 'zod'
import { defined, type JsonObject } from '#core'
import { diffOffers, readOffer, verifyOffer } from '#toolsets'
import { manifestBytes, MANIFEST_INPUT, OfferInput } from '../manifest-input.ts'
import { differencesJson, DifferencesShape } from '../offer-differences.ts'
import { tool } from '../tool.ts'
import { NoticeShape, Untrusted, untrusted } from '../untrusted.ts'
import { JUDGED_SIGNATURE, judgedSignature } from '../verdict-shape.ts'

export const verifyToolManifestTool = tool({
  name: 'verify_tool_manifest',
  title: "Verify an MCP server's signed tools",
  description:
    'Checks the signature of a tool manifest: everything that an MCP server offered when somebody approved it. With "offer", what the server offers now, ' +
    'also lists every difference: tools that were added, removed, renamed or changed since. Use the server only if "ok" is true.',
  input: z.strictObject({ ...MANIFEST_INPUT, offer: OfferInput.optional().describe('What the server offers now, to be compared.') }),
  output: z.strictObject({
    notice: NoticeShape,
    ok: z.boolean().describe('true only if a trusted key signed the manifest and the offer given is exactly the signed one'),
    outcome: z.enum(['verified', 'signature-only', 'changed', 'failed']),
    server: z.strictObject({ name: Untrusted, version: Untrusted }).optional(),
    offerDigest: z.string().optional().describe('hex SHA-256 of the approved offer in canonical form'),
    tools: z.array(Untrusted).optional().describe('names of the approved tools, the first 100'),
    ...DifferencesShape,
    ...JUDGED_SIGNATURE,
  }),
  asksDaemon: false,
  run: async (input, { service }) => {
    const { trust, trustMemory, require, requireProtection } = service
    const manifest = await manifestBytes(input, service.roots)
    const { verdict, approved } = await verifyOffer(manifest, { trust, ...defined({ trustMemory, require, requireProtection }) })
    const differences = approved === undefined || input.offer === undefined ? [] : diffOffers(approved.offer, readOffer(input.offer as JsonObject))
    const outcome: keyof typeof NEXT_STEPS =
      approved === undefined ? 'failed' : input.offer === undefined ? 'signature-only' : differences.length > 0 ? 'changed' : 'verified'
    return {
      ok: outcome === 'verified',
      outcome,
      ...(approved === undefined ? {} : describeOffer(approved)),
      ...differencesJson(differences),
      ...judgedSignature(verdict),
      nextStep: NEXT_STEPS[outcome],
    }
  },
})

function describeOffer({ offer, digest }: NonNullable<Awaited<ReturnType<typeof verifyOffer>>['approved']>) {
  return {
    server: { name: untrusted(textOf(offer.server, 'name')), version: untrusted(textOf(offer.server, 'version')) },
    offerDigest: digest,
    tools: offer.tools.slice(0, MOST_NAMES).map((entry) => untrusted(textOf(entry, 'name'))),
  }
}

/** The reader of offers saw that it is text. */
function textOf(entry: JsonObject, member: string): string {
  const value = entry[member]
  return typeof value === 'string' ? value : ''
}

const NEXT_STEPS = {
  verified: 'nothing: the server offers what was approved',
  'signature-only': 'the manifest is good; before using the server compare what it offers now: send it as "offer"',
  changed: 'do not use the server until a person has read the differences and approved them with: sealstone mcp sign',
  failed: 'do not use the server; get the manifest again from whoever approved it, or check that the trust file is theirs',
} as const
const MOST_NAMES = 100
