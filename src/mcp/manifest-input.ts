/** A signed tool manifest as tools take it: by path, or as its text; and an offer as a server makes it. */
import { z } from 'zod'
import { readRequired } from '#client/offline'
import { LIMITS, SealstoneError, utf8 } from '#core'
import { confine } from './roots.ts'

export const MANIFEST_INPUT = {
  path: z.string().min(1).max(4096).optional().describe('A signed manifest (*.hybrid.sig) below a directory that this server may read.'),
  text: z.string().min(2).max(8_388_608).optional().describe('The text of a signed manifest, instead of a path.'),
}

/** Judged by the room of tool sets, which bounds its size and depth. */
export const OfferInput = z
  .object({
    server: z.looseObject({ name: z.string(), version: z.string() }).describe('serverInfo, as it came'),
    tools: z.array(z.unknown()),
    prompts: z.array(z.unknown()).default([]),
    resources: z.array(z.unknown()).default([]),
    resourceTemplates: z.array(z.unknown()).default([]),
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
