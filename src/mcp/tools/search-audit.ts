/** search_audit: entries of the audit log, newest first, a page at a time. */
import { z } from 'zod'
import { LEAF_KINDS } from '#client/offline'
import { defined } from '#core'
import { EntryShape, entryJson } from '../entry-shape.ts'
import { tool } from '../tool.ts'
import { NoticeShape } from '../untrusted.ts'

const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

const Input = z.strictObject({
  since: z.string().regex(TIME).optional().describe('RFC 3339 time or date: not before it'),
  until: z.string().regex(TIME).optional().describe('RFC 3339 time or date: before it'),
  key: z.string().max(63).optional().describe('name of the signing key'),
  caller: z.string().max(2048).optional(),
  model: z.string().max(4096).optional().describe('name of the model; * stands for any text'),
  modelDigest: z
    .string()
    .regex(/^(?:sha256:)?[0-9a-f]{64}$/)
    .optional()
    .describe("the model's root digest"),
  kind: z.enum(LEAF_KINDS).optional().describe('intent: asked for; outcome: what became of it; refused; decision: of a gateway; …'),
  result: z.enum(['ok', 'error', 'unknown']).optional(),
  operationId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  limit: z.int().min(1).max(100).default(20),
  olderThan: z.int().min(0).optional().describe('"next" of the page before'),
})

export const searchAuditTool = tool({
  name: 'search_audit',
  title: 'Search the audit log',
  description:
    'Finds entries of the tamper-evident audit log: who signed which model when and with which key, what failed or was refused, what changed with keys. ' +
    'Newest first; every filter narrows. Needs the daemon.',
  input: Input,
  output: z.strictObject({
    notice: NoticeShape,
    entries: z.array(EntryShape),
    next: z.int().optional().describe('send as olderThan to go on; absent: there are no more'),
  }),
  asksDaemon: true,
  run: async ({ model, limit, olderThan, modelDigest, ...exact }, { service, signal }) => {
    if (olderThan === 0) return { entries: [] }
    const client = await service.client()
    const filter = {
      ...defined(exact),
      ...(model === undefined ? {} : { modelPattern: model }),
      ...(modelDigest === undefined ? {} : { modelDigest: modelDigest.replace('sha256:', '') }),
      ...(olderThan === undefined ? {} : { from: BigInt(olderThan) - 1n }),
    }
    const found = await Array.fromAsync(client.listEntries({ ...filter, limit: limit + 1, reverse: true }, { signal }))
    const entries = found.slice(0, limit).map(({ index, leaf }) => entryJson(index, leaf))
    const last = entries.at(-1)
    return { entries, ...(found.length > limit && last !== undefined ? { next: last.index } : {}) }
  },
})
