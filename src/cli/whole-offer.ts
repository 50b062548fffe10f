/** All of what an MCP server offers, for a person who is to confirm it: nothing is cut, and nothing of it can look like a line of ours. */
import type { JsonObject, JsonValue } from '#core'
import { LIST_NAMES, OFFER_LISTS, type Offer } from '#toolsets'
import { plural, visible } from './text.ts'

/**
 * Of an offer that has a digest, so that every entry has a name. Texts as they read, other members as JSON with sorted names. A line of the server begins with `|`, one that goes on with `>`.
 * @param columns of the terminal, as far as they are known: some terminals say 0
 */
export function* wholeOffer(offer: Offer, columns?: number): Generator<string, void, undefined> {
  const width = Math.max((columns || USUAL_COLUMNS) - MARGIN, NARROWEST)
  yield 'server'
  yield* members(offer.server, undefined, width)
  if (offer.instructions !== undefined) {
    yield 'instructions'
    yield* marked(offer.instructions.split('\n'), width)
  }
  for (const list of LIST_NAMES) {
    const { key, what } = OFFER_LISTS[list]
    for (const entry of offer[list]) {
      const [first = '', ...more] = pieces(visible(entry[key] as string), Math.max(width - what.length, NARROWEST))
      yield `${what} ${first}`
      for (const piece of more) yield `  > ${piece}`
      yield* members(entry, key, width)
    }
  }
}

function* members(object: JsonObject, key: string | undefined, width: number): Generator<string, void, undefined> {
  const { description, ...others } = object
  if (typeof description === 'string') yield* marked(description.split('\n'), width)
  const shown: JsonObject = typeof description === 'string' ? others : object
  if (Object.keys(shown).some((name) => name !== key)) yield* marked(jsonLines(shown), width)
}

/** Empty lines in a row are counted: what comes after a thousand of them is to be seen too. */
function* marked(lines: Iterable<string>, width: number): Generator<string, void, undefined> {
  let empty = 0
  const told = function* (): Generator<string, void, undefined> {
    if (empty > 0) yield empty === 1 ? '  |' : `  (${plural(empty, 'empty line')})`
    empty = 0
  }
  for (const line of lines) {
    let mark = '|'
    for (const piece of pieces(visible(line), width)) {
      if (piece.trim() === '') empty++
      else {
        yield* told()
        yield `  ${mark} ${piece}`
      }
      mark = '>'
    }
  }
  yield* told()
}

/** What fits into one line of the terminal each, so that it begins no line itself. */
function* pieces(text: string, width: number): Generator<string, void, undefined> {
  let piece = ''
  let used = 0
  for (const character of text) {
    const wide = (character.codePointAt(0) ?? 0) >= FIRST_WIDE ? 2 : 1
    if (used + wide > width) {
      yield piece
      piece = ''
      used = 0
    }
    piece += character
    used += wide
  }
  yield piece
}

/** JSON with two spaces for each level, names in the order of RFC 8785. Its depth was judged with the offer. */
function* jsonLines(value: JsonValue, lead = '', indent = '', end = ''): Generator<string, void, undefined> {
  const isList = Array.isArray(value)
  const inner: (readonly [string, JsonValue])[] = isList
    ? (value as readonly JsonValue[]).map((member) => ['', member])
    : typeof value === 'object' && value !== null
      ? Object.entries(value as JsonObject)
          .toSorted(([left], [right]) => (left < right ? -1 : 1))
          .map(([name, member]) => [`${JSON.stringify(name)}: `, member])
      : []
  if (inner.length === 0) return yield `${indent}${lead}${JSON.stringify(value)}${end}`
  yield `${indent}${lead}${isList ? '[' : '{'}`
  for (const [at, [name, member]] of inner.entries()) yield* jsonLines(member, name, `${indent}  `, at < inner.length - 1 ? ',' : '')
  yield `${indent}${isList ? ']' : '}'}${end}`
}

const MARGIN = 4
const USUAL_COLUMNS = 100
const NARROWEST = 20
/** From here on some characters take two columns (Unicode Standard Annex 11); those that do not only make a shorter line. */
const FIRST_WIDE = 0x1100
