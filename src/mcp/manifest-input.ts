/** A signed tool manifest as tools take it: by path, or as its text; and an offer as a server makes it. */
import { z } from 'zod'
import { readRequired } from '#client/offline'
import { LIMITS, SealstoneError, utf8 } from '#core'
import { confine } from './roots.ts'

export const MANIFEST_INPUT = {
  path: z.string().min(1).max(4096).optional().describe('A signed manifest (*.hybrid.sig) below a directory that this server may read.'),
  text: z.string().min(2).max(8_388_608).optional().describe('The text of a signed manifest, instead of a path.'),
}

// JSON Schema has two spellings for that anything may come besides; some hosts take only this one.
const ANYTHING_ELSE = { additionalProperties: true }
const Entry = z.looseObject({}).meta(ANYTHING_ELSE)

/** Judged by the room of tool sets, which bounds its size and depth. */
export const OfferInput = z
  .object({
    server: z.looseObject({ name: z.string(), version: z.string() }).meta(ANYTHING_ELSE).describe('serverInfo, as it came'),
    tools: z.array(Entry),
    prompts: z.array(Entry).default([]),
    resources: z.array(Entry).default([]),
    resourceTemplates: z.array(Entry).default([]),
    instructions: z.string().optional(),
  })
  .strict()
  .describe('What a server offers: every object as it came over the wire, with every member.')

/** Throws INPUT_INVALID unless just one of both is there, and what reading throws. */
export async function manifestBytes(
  { path, text }: { readonly path?: string | undefined; readonly text?: string | undefined },
  roots: readonly string[],
): Promise<Uint8Array> {
  if ((path === undefined) === (text === undefined)) {
    throw new SealstoneError('INPUT_INVALID', 'want either the path or the text of a signed manifest', { hint: 'make one with: sealstone mcp sign' })
  }
  if (path === undefined) return utf8(text as string)
  const confined = confine(path, roots)
  return readRequired(confined.path, LIMITS.bundleBytes, confined.within)
}
