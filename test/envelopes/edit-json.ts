/** Damages one place of a JSON document. */
import { utf8 } from '#core'

/** A new value, or what to make of the old one; `REMOVE` takes the member away. */
export type Edit = [path: string, value: unknown]

export const REMOVE = Symbol('remove')

/** @param path members and indexes with dots, such as `keys.0.state` */
export function editJson(text: string, [path, value]: Edit): Uint8Array {
  const document = JSON.parse(text) as unknown
  const names = path.split('.')
  const last = names.pop() ?? ''
  let place = document
  for (const name of names) place = membersOf(place, path)[name]
  const members = membersOf(place, path)
  if (value === REMOVE) delete members[last]
  else members[last] = typeof value === 'function' ? (value as (old: unknown) => unknown)(members[last]) : value
  return utf8(JSON.stringify(document))
}

function membersOf(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`the document has no ${path}`)
  return value as Record<string, unknown>
}
