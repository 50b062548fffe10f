/** Foreign values in few and harmless characters: what a person, or a model, is told of a difference. */
import { canonicalJson, type JsonValue, visible } from '#core'

/** In quotes, at most 80 characters of it. */
export function shownName(name: string): string {
  return JSON.stringify(cut(name, 80)).replaceAll('\\\\u{', '\\u{')
}

/** Two values, each cut to the part in which they begin to differ. Absent ones stay absent. */
export function shownPair(before: JsonValue | undefined, after: JsonValue | undefined): { before?: string; after?: string } {
  const [left, right] = [before, after].map((value) => (value === undefined ? undefined : textOf(value)))
  const start = left === undefined || right === undefined ? 0 : Math.max(0, commonLength(left, right) - LEAD)
  return {
    ...(left === undefined ? {} : { before: cut(left, WIDTH, start) }),
    ...(right === undefined ? {} : { after: cut(right, WIDTH, start) }),
  }
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : canonicalJson(value)
}

function commonLength(left: string, right: string): number {
  let at = 0
  while (at < left.length && left[at] === right[at]) at++
  return at
}

/** By code units, so that a cut may leave half of a character: it is shown as an escape. The escapes come on top of the length. */
function cut(text: string, length: number, start = 0): string {
  const end = start + length
  return `${start > 0 ? '…' : ''}${visible(text.slice(start, end))}${end < text.length ? '…' : ''}`
}

const WIDTH = 160
const LEAD = 24
