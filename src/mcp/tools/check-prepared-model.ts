/** check_prepared_model: whether what was prepared is still what was verified. */
import { z } from 'zod'
import { SealstoneError } from '#core'
import { check, CHECKED_SHAPE, describeChecked } from '../prepared-shape.ts'
import { tool } from '../tool.ts'
import { NoticeShape } from '../untrusted.ts'

export const checkPreparedModelTool = tool({
  name: 'check_prepared_model',
  title: 'Check a prepared model for changes',
  description:
    'Looks whether a model that prepare_model guarded is still what was verified, and lists what changed since. Without an id: all that are prepared. ' +
    'Where "ok" is false, nothing that was made with the model may be used. A change is told to the audit log.',
  input: z.strictObject({ id: z.string().max(64).optional().describe('from prepare_model') }),
  output: z.strictObject({
    notice: NoticeShape,
    ok: z.boolean().describe('true only if none of them changed'),
    models: z.array(z.strictObject(CHECKED_SHAPE)),
    nextStep: z.string(),
  }),
  asksDaemon: false,
  // A change that is found becomes an entry of the audit log, once.
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  run: async ({ id }, { service, signal }) => {
    if (service.preparing === undefined) throw new SealstoneError('PERMISSION_DENIED', 'this server prepares no models')
    const found = service.preparing.models.find(id)
    for (const kept of found) await check(kept, service, signal)
    const ok = found.every((kept) => !kept.found.harmed)
    return { ok, models: found.map((kept) => describeChecked(kept)), nextStep: ok ? FINE : STOP }
  },
})

const FINE = 'nothing: what was prepared is what was verified'
const STOP = 'stop what uses a model with "ok": false, use nothing that it made, and have a person find out who writes to the model'
