/** The ways to guard a model, the best one first, and the choice between them. */
import { SealstoneError, unreachable } from '#core'
import { cloneFiles, copyFiles } from './own-files.ts'
import { holdDescriptors } from './descriptors.ts'
import { inPlace } from './in-place.ts'
import type { View, ViewRequest } from './view.ts'

/** In the order in which `auto` tries them; `none` is never chosen for anybody. */
const WAYS = ['clone', 'descriptors', 'copy'] as const

export type Way = (typeof WAYS)[number] | 'none'
export type Guard = 'auto' | Way

export interface GuardedView {
  readonly view: View
  readonly way: Way
  readonly notes: readonly string[]
}

/** @throws SealstoneError GUARD_UNAVAILABLE where none of the ways works here, with the reason of each; MODEL_CHANGED; OUTPUT_UNWRITABLE */
export async function makeView(guard: Guard, request: ViewRequest): Promise<GuardedView> {
  if (guard !== 'auto') return make(guard, request)
  const reasons: string[] = []
  for (const way of WAYS) {
    try {
      const made = await make(way, request, true)
      return { ...made, notes: [...made.notes, ...reasons.map((reason) => `no better guard: ${reason}`)] }
    } catch (error) {
      if (!(error instanceof SealstoneError && error.code === 'GUARD_UNAVAILABLE')) throw error
      reasons.push(`${way}: ${error.message}`)
    }
  }
  throw new SealstoneError('GUARD_UNAVAILABLE', `no guard works here: ${reasons.join('; ')}`)
}

async function make(way: Way, request: ViewRequest, careful = false): Promise<GuardedView> {
  switch (way) {
    case 'clone':
      return { way, view: await cloneFiles(request), notes: [] }
    case 'descriptors': {
      const { view, notes } = holdDescriptors(request, careful)
      return { way, view, notes }
    }
    case 'copy':
      return { way, view: await copyFiles(request), notes: [] }
    case 'none':
      return { way, view: inPlace(request), notes: ['the model is used where it is: a change of its files is seen only afterwards, if at all'] }
  }
  return unreachable(way)
}
