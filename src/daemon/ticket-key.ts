/** The key of hash tickets: made at the first start, so that tickets outlive a restart, and replaced after a month. Needs no backup. */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { type Clock, SealstoneError } from '#core'
import { newTicketKey, TICKET_KEY_BYTES, TICKET_VALID_MS } from '#tickets'

export interface TicketKeys {
  /** Issues, and checks. */
  readonly current: Uint8Array
  /** All that check: for an hour after a change the one before too. */
  readonly accepted: readonly Uint8Array[]
}

/** Throws HOME_INSECURE for a file that others may read, CONFIG_INVALID for one that is no key. */
export function openTicketKeys(path: string, clock: Clock): TicketKeys {
  const now = clock.now().getTime()
  if (!existsSync(path) || now - statSync(path).mtimeMs > KEPT_MS) replace(path)
  const current = read(path)
  const isFresh = now - statSync(path).mtimeMs < TICKET_VALID_MS
  return { current, accepted: isFresh && existsSync(oldOf(path)) ? [current, read(oldOf(path))] : [current] }
}

/** A crash in between leaves no key, and the next start makes one. */
function replace(path: string): void {
  if (existsSync(path)) renameSync(path, oldOf(path))
  writeFileSync(`${path}.new`, newTicketKey(), { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

function read(path: string): Uint8Array {
  const mode = statSync(path).mode & 0o777
  if ((mode & 0o077) !== 0) throw new SealstoneError('HOME_INSECURE', `${path} has mode 0${mode.toString(8)}, want 0600`)
  const bytes = readFileSync(path)
  if (bytes.length !== TICKET_KEY_BYTES)
    throw new SealstoneError('CONFIG_INVALID', `${path} is ${bytes.length} bytes, want ${TICKET_KEY_BYTES}`, {
      hint: 'remove it: a new one is made at the next start',
    })
  return Uint8Array.from(bytes)
}

function oldOf(path: string): string {
  return `${path}.old`
}

const KEPT_MS = 30 * 24 * 3_600_000
