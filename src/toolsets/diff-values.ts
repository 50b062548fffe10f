/** Where two JSON values differ, as paths (RFC 6901), one by one, so that the caller can stop. */
import { isJsonObject, type JsonObject, type JsonValue } from '#core'

export interface ValueDifference {
  /** JSON Pointer; empty for the value itself. */
  readonly path: string
  /** Absent: it was not there. */
  readonly before?: JsonValue
  readonly after?: JsonValue
}

/** The values must be bounded in depth. Nothing is yielded for values of the same canonical form. */
export function* diffValues(before: JsonValue, after: JsonValue, path = ''): Generator<ValueDifference> {
  if (isJsonObject(before) && isJsonObject(after)) yield* diffMembers(before, after, path)
  else if (Array.isArray(before) && Array.isArray(after)) yield* diffMembers(byIndex(before), byIndex(after), path)
  // Numbers: 0 and -0 have one canonical form, and === says so too.
  else if (before !== after) yield { path, before, after }
}

function* diffMembers(before: JsonObject, after: JsonObject, path: string): Generator<ValueDifference> {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const here = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const [left, right] = [own(before, name), own(after, name)]
    if (left !== undefined && right !== undefined) yield* diffValues(left, right, here)
    else if (left !== undefined) yield { path: here, before: left }
    else if (right !== undefined) yield { path: here, after: right }
  }
}

function byIndex(values: readonly JsonValue[]): JsonObject {
  return Object.fromEntries(values.entries())
}

/** A tool may have a member called `__proto__` or `constructor`. */
function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
