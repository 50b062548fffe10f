/** prepare_model: a model verified and guarded, and the path to load it from. Nothing is started: what runs on it is the host's decision. */
import { basename } from 'node:path'
import { z } from 'zod'
import { nextStep } from '#client/offline'
import { defined, SealstoneError } from '#core'
import { type PreparedModel, prepareModel } from '#launch'
import { describePrepared, PREPARED_SHAPE } from '../prepared-shape.ts'
import { type ConfinedPath, confine } from '../roots.ts'
import type { Preparing } from '../service.ts'
import { tool, type ToolCall } from '../tool.ts'
import { harmless } from '../untrusted.ts'
import { verdictJson, VerdictShape } from '../verdict-shape.ts'
import { policyOf } from '../verify-policy.ts'

export const prepareModelTool = tool({
  name: 'prepare_model',
  title: 'Verify a model and guard it',
  description:
    'Verifies a model as verify_model does, and answers a path where exactly the verified files are and stay, whatever happens at the place of the model. ' +
    'Load the model from that path and from nowhere else. It is there until release_model or the end of this session. Without "ok": true there is no path.',
  input: z.strictObject({
    path: z.string().min(1).max(4096).describe('Model directory or single file, below one of the directories that this server may read.'),
  }),
  output: VerdictShape.extend({ prepared: z.strictObject(PREPARED_SHAPE).optional().describe('only where "ok" is true') }),
  asksDaemon: false,
  // Each call makes links or a copy of its own, and an entry of the audit log.
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  run: async ({ path }, call) => {
    const preparing = call.service.preparing
    if (preparing === undefined) throw new SealstoneError('PERMISSION_DENIED', 'this server prepares no models')
    const confined = confine(path, call.service.roots)
    refuseUnclear(confined.path)
    let logged = false
    const making = preparing.models.keep(call.signal, confined.path, async (signal) => {
      await using made = new AsyncDisposableStack()
      const model = made.use(await prepare(confined, { ...call, signal }, preparing))
      const answer = verdictJson(model.verdict, nextStep(model.verdict))
      if (!answer.ok) {
        await preparing.record({ model: confined.path, root: model.root, decision: 'blocked', reason: 'it does not verify' })
        throw new NotVerified(answer)
      }
      refuseUnclear(model.path)
      await refuseChanged(model, confined.path, preparing, signal)
      const reason = `guard ${model.guard}, for an MCP host`
      logged = await preparing.record({ model: confined.path, root: model.root, decision: 'allowed', reason })
      made.move()
      return model
    })
    try {
      const kept = await making
      return { ...verdictJson(kept.prepared.verdict, ''), nextStep: LOAD_IT, prepared: { ...describePrepared(kept), logged } }
    } catch (thrown) {
      if (thrown instanceof NotVerified) return thrown.answer
      throw thrown
    }
  },
})

/** Not an error for anybody else: the verdict is the answer. */
class NotVerified extends Error {
  readonly answer: ReturnType<typeof verdictJson>

  constructor(answer: ReturnType<typeof verdictJson>) {
    super()
    this.answer = answer
  }
}

async function prepare(confined: ConfinedPath, { service, signal, onProgress }: ToolCall, preparing: Preparing): Promise<PreparedModel> {
  let refusal: SealstoneError | undefined
  try {
    return await service.hashing.run(signal, async (bounded) => {
      const { guardFolder, guard, copyLimitBytes } = preparing
      const where = { path: confined.path, guardFolder, ...defined({ within: confined.within, guard, copyLimitBytes, onProgress }) }
      try {
        return await prepareModel({ ...where, ...policyOf(service), signal: bounded })
      } catch (thrown) {
        if (thrown instanceof SealstoneError && !bounded.aborted) refusal = thrown
        throw thrown
      }
    })
  } finally {
    // As sealstone run does it. What was cancelled, or found no place, was no decision.
    if (refusal !== undefined) await preparing.record({ model: confined.path, root: undefined, decision: 'blocked', reason: refusal.message })
  }
}

/** Hashing takes its time: what was hashed first may have changed before the last. */
async function refuseChanged(model: PreparedModel, path: string, preparing: Preparing, signal: AbortSignal): Promise<void> {
  const harm = (await model.findChanges(signal)).find((change) => !change.harmless)
  if (harm === undefined) return
  const reason = `${harm.name} changed after it was verified: ${harm.what}`
  await preparing.record({ model: path, root: model.root, decision: 'blocked', reason })
  throw new SealstoneError('MODEL_CHANGED', reason)
}

/** The path is part of the answer, and the same text cut or cleaned would lead elsewhere. */
function refuseUnclear(path: string): void {
  if (harmless(path) === path) return
  throw new SealstoneError('PATH_INVALID', `the path to ${basename(path)} is too long to be answered, or has characters that cannot be seen`, {
    hint: 'rename the model',
  })
}

const LOAD_IT =
  'load the model from prepared.path and from nowhere else; call check_prepared_model before relying on what was made with it, and release_model at the end'
