/** A prepared model as tools answer it: where it is, and whether it is still what was verified. */
import { z } from 'zod'
import type { KeptModel } from './prepared-models.ts'
import type { Service } from './service.ts'
import { Untrusted, untrusted } from './untrusted.ts'

const ID_AND_PLACE = {
  id: z.string().describe('for check_prepared_model and release_model'),
  model: Untrusted.describe('where the model itself is: not to be loaded from there'),
  rootDigest: z.string().describe('hex, over all files, as in the audit log'),
  guard: z.enum(['clone', 'descriptors', 'copy', 'none']).describe('what keeps the files as they are; docs/run.md says what each cannot'),
  notes: z.array(Untrusted).describe('what this guard cannot do here, and why no better one was taken'),
}

export const PREPARED_SHAPE = {
  ...ID_AND_PLACE,
  path: Untrusted.describe('load the model from here: a directory, or a file of the same name'),
  logged: z.boolean().describe('whether the audit log of a daemon has this decision'),
}

export const CHECKED_SHAPE = {
  ...ID_AND_PLACE,
  ok: z.boolean().describe('false: bytes changed after they were verified; do not use what was made with the model'),
  changes: z.array(z.strictObject({ file: Untrusted, what: Untrusted, harmless: z.boolean() })).describe('since it was prepared, the first 50'),
  changesTotal: z.int(),
}

export function describePrepared(kept: KeptModel) {
  return { ...identify(kept), path: untrusted(kept.prepared.path) }
}

export function describeChecked(kept: KeptModel) {
  const { changes, total, harmed } = kept.found
  return {
    ...identify(kept),
    ok: !harmed,
    changes: changes.map(({ name, what, harmless }) => ({ file: untrusted(name), what: untrusted(what), harmless })),
    changesTotal: total,
  }
}

/** Looks at it, and has the audit log know of a change that does harm. Throws what looking throws. */
export async function check(kept: KeptModel, { preparing }: Service, signal: AbortSignal): Promise<void> {
  const found = await preparing?.models.look(kept, signal)
  const harm = found?.find(({ harmless }) => !harmless)
  if (harm === undefined) return
  const reason = `${harm.name} changed after it was verified: ${harm.what}`
  await preparing?.record({ model: kept.name, root: kept.prepared.root, decision: 'blocked', reason })
}

function identify({ id, name, prepared }: KeptModel) {
  return {
    id,
    model: untrusted(name),
    rootDigest: (prepared.root ?? '').replace('sha256:', ''),
    guard: prepared.guard ?? ('none' as const),
    notes: prepared.notes.map((note) => untrusted(note)),
  }
}
