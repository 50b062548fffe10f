/** age identities in a file of the operator: read in the key host alone, for as long as a recovery takes. */
import { SealstoneError } from '#core'
import { readSecretFile } from './secret-file.ts'

/** One a line; empty lines and comments (`#`) are passed over. Throws FILE_UNREADABLE or RECOVERY_INVALID. */
export function readIdentities(path: string): string[] {
  using content = readSecretFile(path, 'the identity file')
  const lines = content.bytes.toString('utf8').split(/\r?\n/)
  const identities = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  if (identities.length > 0 && identities.length <= MAX_IDENTITIES) return identities
  throw new SealstoneError('RECOVERY_INVALID', `the identity file holds ${identities.length} identities, want 1 to ${MAX_IDENTITIES}`)
}

const MAX_IDENTITIES = 64
