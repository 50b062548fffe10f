/** The part of doctor that tries the token, in processes of its own, beside a daemon that may be running. */
import { join } from 'node:path'
import { SealstoneError } from '#core'
import { acquireLock } from '#db'
import { probeToken, type TokenProbe } from '#keyhost'
import type { Config } from './config.ts'
import { tokenLocation } from './token-location.ts'

export interface Fix {
  readonly what: string
  /** The next step. */
  readonly how: string
}

/** Throws where not even the module can be asked, and DAEMON_RUNNING while another doctor tries this token: each would remove the other's objects. */
export async function tryToken(home: string, config: Config, quick: boolean): Promise<TokenProbe> {
  const path = join(home, 'doctor.lock')
  const lock = takeLock(path)
  try {
    return await probeToken({ token: tokenLocation(config.token, home), factsOnly: quick })
  } finally {
    lock.release()
  }
}

/** Why no PIN may be sent to try anything; undefined where one may. What the flags say is known before any PIN is. */
export function pinFault({ facts, login }: TokenProbe): SealstoneError | undefined {
  if (login?.ok === false) return login.error
  const set = PIN_FLAGS.find(({ flag }) => facts.flags.includes(flag))
  return set === undefined ? undefined : new SealstoneError('TOKEN_PIN_REFUSED', `${set.what} (${set.flag}); no PIN was sent`, { hint: set.how })
}

/** What the flags and the rows ask for. */
export function tokenFixes({ facts, rows }: TokenProbe, children: number): Fix[] {
  const failing = rows.flatMap(({ name, result, detail, hint }) =>
    result === 'fails' ? [{ what: `${name}: ${detail}`, how: hint ?? 'send this table' }] : [],
  )
  const warnings = WARNING_FLAGS.filter(({ flag }) => facts.flags.includes(flag)).map(({ flag, what, how }) => ({ what: `${what} (${flag})`, how }))
  const sessions = rows.find(({ name }) => name === 'sessions')
  const wanted = children * SESSIONS_PER_CHILD
  const few =
    sessions?.count !== undefined && sessions.returnValue !== undefined && sessions.count < wanted
      ? [{ what: `${children} processes want up to ${wanted} sessions, ${sessions.count} more could be opened`, how: 'set key_host.children lower' }]
      : []
  return [...failing, ...warnings, ...few]
}

function takeLock(path: string): ReturnType<typeof acquireLock> {
  try {
    return acquireLock(path)
  } catch (error) {
    if (!(error instanceof SealstoneError) || error.code !== 'DAEMON_RUNNING') throw error
    throw new SealstoneError('DAEMON_RUNNING', 'another doctor is trying this token', {
      cause: error,
      hint: 'wait until it has ended, or use --quick',
    })
  }
}

/** The one that stays open, one that is lent, and the next anchor while the old one is still open. */
const SESSIONS_PER_CHILD = 3
const BY_HAND = 'log in once by hand with the right PIN (pkcs11-tool --login --test); that resets the counter'
const PIN_FLAGS = [
  { flag: 'CKF_USER_PIN_LOCKED', what: 'the token is locked', how: "unlock it with the security officer's PIN, a TPM with tpm2_dictionarylockout" },
  { flag: 'CKF_USER_PIN_FINAL_TRY', what: 'the token allows one last try', how: BY_HAND },
  { flag: 'CKF_USER_PIN_COUNT_LOW', what: 'a wrong PIN was entered since the last login', how: BY_HAND },
] as const
const WARNING_FLAGS = [
  {
    flag: 'CKF_USER_PIN_TO_BE_CHANGED',
    what: "the user PIN is still the maker's",
    how: 'change it (pkcs11-tool --change-pin), then put the new one into the PIN file',
  },
  {
    flag: 'CKF_PROTECTED_AUTHENTICATION_PATH',
    what: 'the token has a PIN pad of its own',
    how: 'turn it off for this token: a daemon has nobody to type',
  },
  {
    flag: 'CKF_WRITE_PROTECTED',
    what: 'the token is write-protected: no key can be made',
    how: 'take the write protection off before keys are made',
  },
  { flag: 'CKF_ERROR_STATE', what: 'the token says that it failed a self-test', how: "look at the token's own log, restart it, and ask its maker" },
  {
    flag: 'CKF_SO_PIN_LOCKED',
    what: "the security officer's PIN is locked: a locked token could not be unlocked",
    how: "ask the token's maker how it is reset",
  },
] as const
