/** verify_model: the verdict with every check, of a model on disk or of signatures and digests that the caller holds. No daemon, no network. */
import { z } from 'zod'
import { nextStep, type Verdict, verifyGiven, verifyModelFiles } from '#client/offline'
import { defined, fromHex, SealstoneError, utf8 } from '#core'
import { confine } from '../roots.ts'
import type { Service } from '../service.ts'
import { tool, type ToolCall } from '../tool.ts'
import { verdictJson, VerdictShape } from '../verdict-shape.ts'
import { policyOf } from '../verify-policy.ts'

// Characters. The whole message is bounded as well.
const LONGEST_SIGNATURE = 8 * 1024 * 1024

const Input = z.strictObject({
  path: z.string().min(1).max(4096).optional().describe('Model directory or single file, below one of the directories that this server may read.'),
  modelSig: z.string().min(2).max(LONGEST_SIGNATURE).optional().describe('The text of model.sig (a JSON document), instead of a path.'),
  hybridSig: z.string().min(2).max(LONGEST_SIGNATURE).optional().describe('The text of model.hybrid.sig (a JSON document), instead of a path.'),
  digests: z
    .array(z.strictObject({ name: z.string().min(1).max(4096), digest: z.string().regex(/^(?:[0-9a-f]{2}){16,64}$/) }))
    .max(100_000)
    .optional()
    .describe('With modelSig or hybridSig: every file of the model with its digest in hex, by the algorithm that the signature names.'),
})

export const verifyModelTool = tool({
  name: 'verify_model',
  title: 'Verify a model',
  description:
    'Checks whether the files of an AI model are exactly those that a trusted key signed. Give a path, or the text of the signatures and the digests of ' +
    'the files. Answers every check with its reason, every file that differs, and what a person should do next. Use a model only if "ok" is true.',
  input: Input,
  output: VerdictShape,
  asksDaemon: false,
  run: async (input, call) => {
    const given = input.modelSig !== undefined || input.hybridSig !== undefined || input.digests !== undefined
    if ((input.path !== undefined) === given) {
      throw new SealstoneError('INPUT_INVALID', 'want either a path, or the text of a signature', {
        hint: 'send path alone, or modelSig or hybridSig',
      })
    }
    const verdict = input.path === undefined ? await verifyText(input, call.service) : await verifyPath(input.path, call)
    return verdictJson(verdict, nextStep(verdict))
  },
})

function verifyPath(path: string, { service, signal, onProgress }: ToolCall): Promise<Verdict> {
  const confined = confine(path, service.roots)
  return service.hashing.run(signal, (bounded) =>
    verifyModelFiles({ path: confined.path, ...policyOf(service), ...defined({ within: confined.within, onProgress }), signal: bounded }),
  )
}

function verifyText({ modelSig, hybridSig, digests }: z.output<typeof Input>, service: Service): Promise<Verdict> {
  return verifyGiven({
    ...policyOf(service),
    ...(modelSig === undefined ? {} : { bundle: utf8(modelSig) }),
    ...(hybridSig === undefined ? {} : { hybrid: utf8(hybridSig) }),
    ...(digests === undefined ? {} : { digests: digests.map(({ name, digest }) => ({ name, digest: fromHex(digest) })) }),
  })
}
