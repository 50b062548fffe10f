/** A JSON reader for documents that others wrote: refuses duplicate names, trailing bytes, invalid UTF-8, deep nesting and size over a limit. */
import { excerpt, utf8Text } from './bytes.ts'
import type { JsonObject, JsonValue } from './canonical-json.ts'
import { SealstoneError } from './errors.ts'

export interface StrictJsonLimits {
  readonly maxBytes: number
  /** Arrays and objects within each other; default 32. */
  readonly maxDepth?: number
  /** Values in the whole document, which bounds the memory that it takes once parsed; default 10,000. */
  readonly maxValues?: number
}

/** Parses one JSON document (RFC 8259, I-JSON's rule on duplicate names). Throws JSON_INVALID or INPUT_TOO_LARGE with the offset. */
export function parseStrictJson(source: Uint8Array | string, limits: StrictJsonLimits): JsonValue {
  if (source.length > limits.maxBytes) {
    throw new SealstoneError('INPUT_TOO_LARGE', `document is ${source.length} bytes, want at most ${limits.maxBytes}`)
  }
  const text = typeof source === 'string' ? source : utf8Text(source)
  // First the bounds: parsed, a document of nothing but brackets takes fifty times its size.
  checkStructure(text, limits.maxDepth ?? 32, limits.maxValues ?? 10_000)
  return parse(text)
}

/** The same, and the top must be an object. */
export function parseStrictObject(source: Uint8Array | string, limits: StrictJsonLimits): JsonObject {
  const value = parseStrictJson(source, limits)
  if (!isJsonObject(value)) throw new SealstoneError('JSON_INVALID', `document is ${describe(value)}, want an object`)
  return value
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a value is, for messages: `an array`, `a string`, … */
export function describe(value: JsonValue | undefined): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (cause) {
    const message = text.length === 0 ? 'the document is empty' : lowerFirst(cause instanceof Error ? cause.message : String(cause))
    throw new SealstoneError('JSON_INVALID', `not valid JSON (${message})`, { cause })
  }
}

// JSON.parse is the judge of the grammar; this pass walks the same tokens without recursion to bound depth and number, and to find duplicate
// names, which JSON.parse would hide by keeping the last one. What is no JSON at all may pass here.
function checkStructure(text: string, maxDepth: number, maxValues: number): void {
  let values = 0
  const count = (): void => {
    if (++values > maxValues) throw new SealstoneError('INPUT_TOO_LARGE', `document has over ${maxValues} values`)
  }
  const open: (Set<string> | null)[] = []
  let expectName = false
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[': {
        const names = text[at] === '{' ? new Set<string>() : null
        open.push(names)
        count()
        expectName = names !== null
        if (open.length > maxDepth) throw new SealstoneError('JSON_INVALID', `nested deeper than ${maxDepth} levels at offset ${at}`)
        break
      }
      case '}':
      case ']':
        open.pop()
        expectName = false
        break
      case ',':
        count()
        expectName = open.at(-1) instanceof Set
        break
      case '"': {
        const end = endOfString(text, at)
        const names = open.at(-1)
        if (expectName && names instanceof Set) {
          const name = parse(text.slice(at, end + 1)) as string
          if (names.has(name)) throw new SealstoneError('JSON_INVALID', `name ${excerpt(name)} appears twice in one object, at offset ${at}`)
          names.add(name)
          expectName = false
        }
        at = end
        break
      }
      default:
        break
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at // a quote behind an odd number of backslashes is part of the string
  }
  return text.length
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
