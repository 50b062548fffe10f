/** An entry of the audit log as tools answer it. What callers and signers wrote into it is marked; the rest is the log's own words. */
import { z } from 'zod'
import { type Leaf, LEAF_KINDS } from '#client/offline'
import { defined } from '#core'
import { Untrusted, untrusted } from './untrusted.ts'

export const EntryShape = z.strictObject({
  index: z.int().describe('its place in the log, from 0'),
  time: z.string(),
  kind: z.enum(LEAF_KINDS),
  operation: z.string(),
  operationId: z.string(),
  caller: Untrusted,
  result: z.string().optional(),
  decision: z.string().optional(),
  errorCode: z.string().optional(),
  reason: Untrusted.optional(),
  key: z.string().optional(),
  keyVersion: z.int().optional(),
  suite: z.string().optional(),
  subject: Untrusted.optional().describe('name of the model, or of what was signed or decided about'),
  modelDigest: z.string().optional().describe("sha256: and hex; the model's root digest"),
  predicateType: Untrusted.optional(),
  resourceCount: z.int().optional(),
  digestSource: z.string().optional(),
  count: z.int().optional(),
  signatures: z.array(z.strictObject({ role: z.string(), suite: z.string(), keyFingerprint: z.string(), digest: z.string() })).optional(),
})

export function entryJson(index: bigint, leaf: Leaf): z.input<typeof EntryShape> {
  const { time, kind, operation, operationId, result, decision, errorCode, key, keyVersion, suite, modelDigest, resourceCount, digestSource, count } =
    leaf
  return {
    index: Number(index),
    time,
    kind,
    operation,
    operationId,
    caller: untrusted(leaf.caller),
    ...defined({ result, decision, errorCode, key, keyVersion, suite, modelDigest, resourceCount, digestSource, count }),
    ...defined({ reason: marked(leaf.reason), subject: marked(leaf.modelName), predicateType: marked(leaf.predicateType) }),
    ...defined({
      signatures: leaf.signatures?.map(({ role, suite: name, keyFingerprint, digest }) => ({ role, suite: name, keyFingerprint, digest })),
    }),
  }
}

function marked(text: string | undefined): Untrusted | undefined {
  return text === undefined ? undefined : untrusted(text)
}
