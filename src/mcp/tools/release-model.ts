/** release_model: gives a prepared model back, after a last look at it. */
import { z } from 'zod'
import { SealstoneError } from '#core'
import { check, CHECKED_SHAPE, describeChecked } from '../prepared-shape.ts'
import { tool } from '../tool.ts'
import { NoticeShape } from '../untrusted.ts'

export const releaseModelTool = tool({
  name: 'release_model',
  title: 'Give a prepared model back',
  description:
    'Ends the guard of a model that prepare_model answered: its path is gone, the model itself stays as it is. Call it when nothing uses the path any more. ' +
    'Looks a last time whether the model is what was verified; where "ok" is false, nothing that was made with it may be used.',
  input: z.strictObject({ id: z.string().max(64).describe('from prepare_model') }),
  output: z.strictObject({
    notice: NoticeShape,
    ...CHECKED_SHAPE,
    released: z.literal(true),
    looked: z.boolean().describe('false: the last look failed, so "ok" is false too'),
  }),
  asksDaemon: false,
  // Links or copies of its own are removed, nothing of anybody else; a second call finds nothing to remove.
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  run: async ({ id }, { service, signal }) => {
    const models = service.preparing?.models
    const [kept] = models?.find(id) ?? []
    if (models === undefined || kept === undefined) throw new SealstoneError('PERMISSION_DENIED', 'this server prepares no models')
    let looked = true
    try {
      await check(kept, service, signal)
    } catch (thrown) {
      // Another look can be had of what was cancelled, or found no place; what cannot be looked at must not stay for ever.
      if (signal.aborted || (thrown instanceof SealstoneError && thrown.code === 'OVERLOADED')) throw thrown
      looked = false
    }
    await models.release(kept)
    const checked = describeChecked(kept)
    return { ...checked, ok: checked.ok && looked, looked, released: true as const }
  },
})
