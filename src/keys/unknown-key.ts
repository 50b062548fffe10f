/** What is said of a key that is not there: the nearest name, or the versions there are. */
import { closest } from 'fastest-levenshtein'
import { type KeyName, SealstoneError } from '#core'
import type { KeyTable } from './key-table.ts'

export function unknownKey(table: KeyTable, name: KeyName): SealstoneError {
  const names = table.names()
  const hint = names.length === 0 ? 'create one first' : `did you mean ${closest(name, names)}? list them with: sealstone keys list`
  return new SealstoneError('KEY_UNKNOWN', `there is no key named ${name}`, { hint })
}

export function unknownVersion(table: KeyTable, name: KeyName, version: number): SealstoneError {
  const versions = table.versions(name).map((record) => `${record.version} (${record.state})`)
  return new SealstoneError('KEY_UNKNOWN', `key ${name} has no version ${version}`, { hint: `its versions: ${versions.join(', ')}` })
}
