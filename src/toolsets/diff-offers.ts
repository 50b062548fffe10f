/** What a server offers now, against what was approved: every difference in words. */
import { canonicalJson, compareCodePoints, type JsonObject, visible } from '#core'
import { diffValues } from './diff-values.ts'
import { findLookAlikes } from './look-alikes.ts'
import { checkOffer, entriesByName, LIST_NAMES, type Offer, OFFER_LISTS, type OfferList } from './offer.ts'
import { shownName, shownPair } from './shown.ts'

export interface OfferDifference {
  readonly kind: 'added' | 'removed' | 'renamed' | 'changed' | 'duplicated' | 'look-alike'
  readonly what: 'tool' | 'prompt' | 'resource' | 'resource-template' | 'server'
  /** Harmless to look at, and cut: not to be compared with. */
  readonly name: string
  /** JSON Pointer into the entry, of what changed. */
  readonly path?: string
  /** What was approved, cut to the part that matters. */
  readonly before?: string
  readonly after?: string
  /** One line, lower case. */
  readonly reason: string
}

/**
 * Empty if and only if both have the same canonical form. At most 200 differences, 10 of one entry; a last one counts those beyond.
 * A look-alike is told only of names that were not approved: what a person accepted once stays accepted.
 * Throws OFFER_INVALID and INPUT_TOO_LARGE as `canonicalOffer` does, but duplicated names are differences.
 */
export function diffOffers(approved: Offer, now: Offer): readonly OfferDifference[] {
  for (const offer of [approved, now]) checkOffer(offer)
  const found = [
    ...changes('server', nameOf(now), identity(approved), identity(now)),
    ...LIST_NAMES.flatMap((list) => diffList(list, entriesByName(approved, list), entriesByName(now, list))),
  ]
  if (found.length <= MOST) return found
  const more = { kind: 'changed', what: 'server', name: nameOf(now), reason: `there are ${found.length - MOST} more differences` } as const
  return [...found.slice(0, MOST), more]
}

type Entries = ReturnType<typeof entriesByName>

function diffList(list: OfferList, approved: Entries, now: Entries): readonly OfferDifference[] {
  const { what } = OFFER_LISTS[list]
  const found: OfferDifference[] = []
  for (const [name, before] of approved) if (before.length > 1) found.push(duplicated(what, name, before.length, 'was approved'))
  for (const [name, after] of now) {
    if (after.length > 1) found.push(duplicated(what, name, after.length, 'is offered'))
    const [before] = approved.get(name) ?? []
    // Of a name that is offered twice each one counts: a host may take either.
    if (before !== undefined) for (const entry of after) found.push(...changes(what, name, before, entry))
  }
  const gone = [...approved.keys()].filter((name) => !now.has(name))
  const fresh = [...now.keys()].filter((name) => !approved.has(name))
  found.push(...namesThatMoved(list, approved, now, gone, fresh))
  for (const { name, like, reason } of findLookAlikes(what, [...approved.keys(), ...now.keys()], new Set(fresh)))
    found.push({ kind: 'look-alike', what, name: shown(name), before: shown(like), after: shown(name), reason })
  return found.toSorted((left, right) => compareCodePoints(left.name, right.name))
}

/** Renamed is what has the same body under another name: a host would ask again, or not at all, but for the same tool. */
function namesThatMoved(list: OfferList, approved: Entries, now: Entries, gone: readonly string[], fresh: readonly string[]): OfferDifference[] {
  const { what, key } = OFFER_LISTS[list]
  const bodies = Map.groupBy(gone, (name) => bodyOf(approved, name, key))
  const found: OfferDifference[] = []
  const stillGone = new Set(gone)
  for (const name of fresh) {
    const former = bodies.get(bodyOf(now, name, key))?.shift()
    if (former === undefined) {
      found.push({ kind: 'added', what, name: shown(name), reason: `the ${what} ${shownName(name)} was not approved` })
      continue
    }
    stillGone.delete(former)
    const reason = `the ${what} ${shownName(former)} is now called ${shownName(name)}`
    found.push({ kind: 'renamed', what, name: shown(name), path: `/${key}`, before: shown(former), after: shown(name), reason })
  }
  for (const name of stillGone)
    found.push({ kind: 'removed', what, name: shown(name), reason: `the ${what} ${shownName(name)} was approved and is not offered any more` })
  return found
}

function bodyOf(entries: Entries, name: string, key: string): string {
  const [entry = {}] = entries.get(name) ?? []
  return canonicalJson(Object.fromEntries(Object.entries(entry).filter(([member]) => member !== key)))
}

function changes(what: OfferDifference['what'], name: string, before: JsonObject, after: JsonObject): OfferDifference[] {
  if (canonicalJson(before) === canonicalJson(after)) return []
  const found: OfferDifference[] = []
  let more = 0
  for (const difference of diffValues(before, after)) {
    if (found.length === MOST_PER_ENTRY) {
      more++
      continue
    }
    const path = shown(difference.path)
    const verb = difference.before === undefined ? 'was added' : difference.after === undefined ? 'was removed' : 'changed'
    const reason = `${path} of the ${what} ${shownName(name)} ${verb}`
    found.push({ kind: 'changed', what, name: shown(name), path, ...shownPair(difference.before, difference.after), reason })
  }
  if (more > 0) found.push({ kind: 'changed', what, name: shown(name), reason: `the ${what} ${shownName(name)} changed in ${more} more places` })
  return found
}

function duplicated(what: OfferDifference['what'], name: string, count: number, verb: string): OfferDifference {
  return { kind: 'duplicated', what, name: shown(name), reason: `the ${what} ${shownName(name)} ${verb} ${count} times` }
}

/** The server itself: who it says it is, and what it tells every model. */
function identity({ server, instructions }: Offer): JsonObject {
  return { server, ...(instructions === undefined ? {} : { instructions }) }
}

function nameOf({ server }: Offer): string {
  return server['name'] as string // checkOffer saw it
}

function shown(text: string): string {
  return visible(text.length > NAME_LENGTH ? `${text.slice(0, NAME_LENGTH)}…` : text)
}

const MOST = 200
const MOST_PER_ENTRY = 10
const NAME_LENGTH = 200
