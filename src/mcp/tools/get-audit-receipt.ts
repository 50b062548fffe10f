/** get_audit_receipt: one entry with the proof that it is in the log, judged by the trust file. */
import { z } from 'zod'
import { checkpointFacts, judgeReceipt, parseLeaf, standaloneProof } from '#client/offline'
import { toBase64, utf8 } from '#core'
import { EntryShape, entryJson } from '../entry-shape.ts'
import { judged, JudgementShape } from '../judgement.ts'
import { tool } from '../tool.ts'
import { NoticeShape, Untrusted, untrusted } from '../untrusted.ts'

export const getAuditReceiptTool = tool({
  name: 'get_audit_receipt',
  title: 'Prove an audit entry',
  description:
    'Gets one entry of the audit log with its proof of inclusion, and says whether the proof holds under the keys of the trust file. ' +
    'With includeProof the proof itself comes too, to be kept as evidence: decoded from base64 it is a file for "sealstone audit verify". Needs the daemon.',
  input: z.strictObject({
    index: z.int().min(0).describe('of the entry, from search_audit or inspect_signature'),
    includeProof: z.boolean().default(false),
  }),
  output: z.strictObject({
    notice: NoticeShape,
    entry: EntryShape,
    inclusion: JudgementShape,
    log: Untrusted,
    treeSize: z.int().describe('entries that the checkpoint of the proof covers'),
    proofBase64: z.string().optional(),
  }),
  asksDaemon: true,
  run: async ({ index, includeProof }, { service, signal }) => {
    const client = await service.client()
    const receipt = await client.getReceipt(BigInt(index), { signal })
    const file = standaloneProof(receipt)
    const { origin, size } = checkpointFacts(file.slice(file.indexOf('\n\n') + 2))
    return {
      entry: entryJson(BigInt(index), parseLeaf(receipt.leaf)),
      inclusion: await judged(service, (trust) => judgeReceipt(receipt, trust)),
      log: untrusted(origin),
      treeSize: Number(size),
      ...(includeProof ? { proofBase64: toBase64(utf8(file)) } : {}),
    }
  },
})
