/** Differences of two offers as tools answer them: a changed description is the very text that may hold an instruction. */
import { z } from 'zod'
import type { OfferDifference } from '#toolsets'
import { Untrusted, untrusted } from './untrusted.ts'

export const DifferencesShape = {
  differences: z.array(
    z.strictObject({
      kind: z.enum(['added', 'removed', 'renamed', 'changed', 'duplicated', 'look-alike']),
      what: z.enum(['tool', 'prompt', 'resource', 'resource-template', 'server']),
      name: Untrusted,
      place: Untrusted.optional().describe('JSON Pointer into the entry'),
      before: Untrusted.optional(),
      after: Untrusted.optional(),
      reason: Untrusted,
    }),
  ),
  differencesTotal: z.int(),
}

export function differencesJson(differences: readonly OfferDifference[]) {
  const marked = (name: 'place' | 'before' | 'after', text: string | undefined) => (text === undefined ? {} : { [name]: untrusted(text) })
  return {
    differences: differences.slice(0, MOST).map(({ kind, what, name, path, before, after, reason }) => ({
      kind,
      what,
      name: untrusted(name),
      ...marked('place', path),
      ...marked('before', before),
      ...marked('after', after),
      reason: untrusted(reason),
    })),
    differencesTotal: differences.length,
  }
}

const MOST = 100
