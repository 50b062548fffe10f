/** What is said of a key that is not there: the nearest name, or the versions there are. */
import { closest, distance } from 'fastest-levenshtein'
import { type KeyName, SealstoneError } from '#core'
import type { KeyTable } from './key-table.ts'

export function unknownKey(table: KeyTable, name: KeyName): SealstoneError {
  const names = table.names()
  if (names.length === 0) return new SealstoneError('KEY_UNKNOWN', `there is no key named ${name}`, { hint: 'create one first' })
  const nearest = closest(name, names)
  const question = distance(name, nearest) <= Math.max(2, name.length / 3) ? `did you mean ${nearest}? ` : ''
  return new SealstoneError('KEY_UNKNOWN', `there is no key named ${name}`, { hint: `${question}list them with: sealstone keys list` })
}

export function unknownVersion(table: KeyTable, name: KeyName, version: number): SealstoneError {
  const versions = table.versions(name).map((record) => `${record.version} (${record.state})`)
  return new SealstoneError('KEY_UNKNOWN', `key ${name} has no version ${version}`, { hint: `its versions: ${versions.join(', ')}` })
}
