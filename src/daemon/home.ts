/** The state directory: where things are in it, and that nobody else can read it. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SealstoneError } from '#core'
import { CONFIG_FILE } from './settings.ts'

export interface HomePaths {
  readonly home: string
  readonly config: string
  readonly trust: string
  readonly database: string
  readonly lock: string
  /** Of PINs that the token refused, where the PIN's file lies where nothing can be written. */
  readonly refusedPins: string
  /** Signs hash tickets. */
  readonly ticketKey: string
  /** How far the log was sent to a collector. */
  readonly logsSent: string
  /** What stands for callers in the log is made with it. */
  readonly pseudonymKey: string
  /** Of the data plane alone. */
  readonly hash: string
  /** Private keys to import are put here; the key host can read nothing else. */
  readonly imports: string
  /** Backups are written here, and moved from here to where they are wanted. */
  readonly backups: string
}

export function homePaths(home: string): HomePaths {
  return {
    home,
    config: join(home, CONFIG_FILE),
    trust: join(home, 'trust.json'),
    database: join(home, 'sealstone.db'),
    lock: join(home, 'daemon.lock'),
    refusedPins: join(home, 'pin.refused'),
    ticketKey: join(home, 'ticket.key'),
    logsSent: join(home, 'logs-sent.json'),
    pseudonymKey: join(home, 'pseudonym.key'),
    hash: join(home, 'hash'),
    imports: join(home, 'import'),
    backups: join(home, 'backup'),
  }
}

/** Throws HOME_MISSING or HOME_INSECURE (somebody else owns it, or group or others have any right on it). */
export function checkHome(home: string): HomePaths {
  const paths = homePaths(home)
  if (!existsSync(paths.config)) throw new SealstoneError('HOME_MISSING', `no Sealstone state in ${home}`)
  const stats = statSync(home) // a link to it is as good: what counts is who may open the directory itself
  if (!stats.isDirectory()) throw new SealstoneError('HOME_MISSING', `${home} is not a directory`)
  if ((stats.mode & 0o077) !== 0) throw new SealstoneError('HOME_INSECURE', `${home} has mode 0${(stats.mode & 0o777).toString(8)}, want 0700`)
  const uid = process.getuid?.()
  if (uid !== undefined && stats.uid !== uid) throw new SealstoneError('HOME_INSECURE', `${home} belongs to user ${stats.uid}, not to ${uid}`)
  return paths
}

/** For `init`: the directory must not exist or be empty. Throws HOME_EXISTS and says what is there. */
export function refuseUsedHome(home: string): void {
  if (!existsSync(home)) return
  const found = readdirSync(home)
  if (found.length === 0) return
  const what = found.includes(CONFIG_FILE) ? 'is a Sealstone state directory already' : 'holds other files'
  const shown = found.sort().slice(0, 12).join(', ')
  throw new SealstoneError('HOME_EXISTS', `${home} ${what}: ${shown}${found.length > 12 ? `, and ${found.length - 12} more` : ''}`, {
    hint: found.includes(CONFIG_FILE)
      ? 'use it as it is (sealstone serve), or name another directory with SEALSTONE_HOME'
      : 'name an empty or new directory with SEALSTONE_HOME, or remove these files if an interrupted init left them',
  })
}
