/** The offline recipients of recovery blobs: age's own text form, checked before any key depends on them. */
import { Encrypter } from 'age-encryption'
import { excerpt, SealstoneError } from '#core'

/** X25519 (`age1…`) and ML-KEM-768 with X25519 (`age1pq1…`); others need hardware at the time of recovery. Throws CONFIG_INVALID. */
export function parseRecipients(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > MAX_RECIPIENTS) throw invalid(`is no list of at most ${MAX_RECIPIENTS} texts`)
  const recipients = value.map((text: unknown) => {
    if (typeof text === 'string' && /^AGE-SECRET-KEY-/i.test(text)) throw invalid('holds a secret identity, want its recipient (age-keygen -y)')
    if (typeof text !== 'string' || !isRecipient(text)) throw invalid(`holds ${excerpt(String(text))}, want age1… or age1pq1…`)
    return text
  })
  if (new Set(recipients).size !== recipients.length) throw invalid('holds one recipient twice')
  return recipients
}

function isRecipient(text: string): boolean {
  if (!/^age1(?:pq1)?[02-9ac-hj-np-z]{50,3000}$/.test(text) || text.startsWith('age1tag')) return false
  try {
    new Encrypter().addRecipient(text)
    return true
  } catch {
    return false
  }
}

function invalid(what: string): SealstoneError {
  return new SealstoneError('CONFIG_INVALID', `setting recovery.recipients ${what}`, {
    hint: 'make an identity with age-keygen and name its public key',
  })
}

const MAX_RECIPIENTS = 8
