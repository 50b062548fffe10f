/** What an MCP server offers: the objects as they came over the wire, every field of them, because any of them may steer a model. */
import { describe, excerpt, isJsonObject, type JsonObject, type JsonValue, LIMITS, readArray, readObject, SealstoneError } from '#core'

/**
 * Not part of it: `ttlMs`, `cacheScope`, `nextCursor` and `_meta` of the list results (MCP 2026-07-28), which speak of the answer and not of
 * what is offered. `_meta` of a tool is part of it, as is every other member of a tool.
 */
export interface Offer {
  /** `serverInfo` of the initialize result or of server/discover. */
  readonly server: JsonObject
  readonly tools: readonly JsonObject[]
  readonly prompts: readonly JsonObject[]
  readonly resources: readonly JsonObject[]
  readonly resourceTemplates: readonly JsonObject[]
  readonly instructions?: string
}

export type OfferList = 'tools' | 'prompts' | 'resources' | 'resourceTemplates'

/** How the entries of each list are told apart, and what one is called. */
export const OFFER_LISTS = {
  tools: { key: 'name', what: 'tool' },
  prompts: { key: 'name', what: 'prompt' },
  resources: { key: 'uri', what: 'resource' },
  resourceTemplates: { key: 'uriTemplate', what: 'resource-template' },
} as const satisfies Record<OfferList, { readonly key: string; readonly what: string }>

export const LIST_NAMES = Object.keys(OFFER_LISTS) as readonly OfferList[]

/**
 * Entries by their name, in the order in which they came. More than one under a name is a fault of the server, which the caller judges.
 * Throws OFFER_INVALID for an entry without a name.
 */
export function entriesByName(offer: Offer, list: OfferList): ReadonlyMap<string, readonly JsonObject[]> {
  return Map.groupBy(offer[list], (entry) => nameOf(entry, list))
}

/** Reads an offer that somebody wrote down. Throws FORMAT_INVALID, and what `checkOffer` throws. */
export function readOffer(value: JsonValue | undefined): Offer {
  const object = readObject(value, 'offer', ['server', ...LIST_NAMES], ['instructions'])
  const list = (name: OfferList): readonly JsonObject[] => readArray(object, name, 0, LIMITS.offerEntries).map((entry) => asObject(entry, name))
  const { instructions } = object
  if (instructions !== undefined && typeof instructions !== 'string')
    throw new SealstoneError('FORMAT_INVALID', `instructions is ${describe(instructions)}, want a string`)
  const offer: Offer = {
    server: object['server'] as JsonObject, // judged by checkOffer
    tools: list('tools'),
    prompts: list('prompts'),
    resources: list('resources'),
    resourceTemplates: list('resourceTemplates'),
    ...(instructions === undefined ? {} : { instructions }),
  }
  checkOffer(offer)
  return offer
}

/** Throws OFFER_INVALID without the server's name and version, INPUT_TOO_LARGE over a limit. Does not recurse: depth is judged here first. */
export function checkOffer(offer: Offer): void {
  if (!isJsonObject(offer.server)) throw new SealstoneError('OFFER_INVALID', `server is ${describe(offer.server)}, want an object`)
  for (const name of ['name', 'version']) checkName(offer.server[name], `${name} of the server`)
  for (const list of LIST_NAMES) {
    const { length } = offer[list]
    if (length > LIMITS.offerEntries) throw tooLarge(`${length} ${list}, want at most ${LIMITS.offerEntries}`)
  }
  checkSize(offer as unknown as JsonObject)
}

function nameOf(entry: JsonObject, list: OfferList): string {
  const { key, what } = OFFER_LISTS[list]
  if (!isJsonObject(entry)) throw new SealstoneError('OFFER_INVALID', `a ${what} is ${describe(entry)}, want an object`)
  return checkName(entry[key], `${key} of a ${what}`)
}

function checkName(name: JsonValue | undefined, what: string): string {
  if (typeof name !== 'string' || name === '')
    throw new SealstoneError('OFFER_INVALID', `${what} is ${name === '' ? 'empty' : describe(name)}, want a string`)
  if (name.length > LIMITS.offerNameLength)
    throw tooLarge(`${what} has ${name.length} characters, want at most ${LIMITS.offerNameLength}: ${excerpt(name)}`)
  return name
}

function checkSize(value: JsonValue): void {
  let values = 0
  let characters = 0
  const open: { readonly value: JsonValue; readonly depth: number }[] = [{ value, depth: 1 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value: here, depth } = next
    if (typeof here === 'string') characters += here.length
    if (typeof here === 'object' && here !== null) {
      if (depth > LIMITS.offerDepth) throw tooLarge(`nested deeper than ${LIMITS.offerDepth} levels`)
      const members = Object.entries(here)
      values += members.length
      if (values > LIMITS.offerValues) throw tooLarge(`over ${LIMITS.offerValues} values`)
      for (const [name, member] of members) {
        characters += name.length
        open.push({ value: member, depth: depth + 1 })
      }
    }
    if (characters > LIMITS.offerBytes) throw tooLarge(`over ${LIMITS.offerBytes} bytes`)
  }
}

function asObject(entry: JsonValue, list: OfferList): JsonObject {
  if (!isJsonObject(entry)) throw new SealstoneError('OFFER_INVALID', `${list} holds ${describe(entry)}, want objects`)
  return entry
}

function tooLarge(message: string): SealstoneError {
  return new SealstoneError('INPUT_TOO_LARGE', `the offer of the MCP server has ${message}`)
}
