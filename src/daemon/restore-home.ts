/** Sets a state directory up from a backup: with the token that the keys are in, or with another one and an offline identity. */
import { constants, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'smol-toml'
import { defined, newOperationId, parseIdentity, SealstoneError, silentLogger, systemClock, Timeline, toSealstoneError } from '#core'
import { openDatabase } from '#db'
import { startKeyHost } from '#keyhost'
import { describeVersion, type KeyRecord, type KeyStore, openKeyStore, type RecoveryReport } from '#keys'
import { selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import { BACKUP_FILES, type BackupManifest, readBackup, readConfigOf } from './backup-format.ts'
import { type Config, parseConfig } from './config.ts'
import { homePaths, refuseUsedHome } from './home.ts'
import { homeTrustIssuer } from './home-trust.ts'
import { chooseToken, type InitOptions, makeHome } from './init-home.ts'
import { MIGRATIONS, openLog } from './runtime.ts'
import { tokenLocation } from './token-location.ts'

export interface RestoreOptions extends Pick<InitOptions, 'home' | 'token' | 'tokenEnv' | 'module'> {
  /** The folder that `keys backup` wrote. */
  readonly backup: string
  /** File with age identities: for another token than the one of the backup. Read by the key host alone. */
  readonly identity?: string
}

export interface RestoreReport extends RecoveryReport {
  readonly home: string
  readonly backup: Pick<BackupManifest, 'createdAt' | 'treeSize' | 'origin'>
  readonly token: { readonly label: string; readonly serial: string; readonly model: string }
  /** From the backup's settings: whoever could write to it could have put others there. */
  readonly settings: { readonly module: string; readonly recipients: readonly string[] }
  /** The keys are where they were, in the token of the backup. */
  readonly sameToken: boolean
}

/** Throws HOME_EXISTS, BACKUP_INVALID, RECOVERY_INVALID, TOKEN_* or AUDIT_CORRUPT; what it made itself is removed again then. */
export async function restoreHome(options: RestoreOptions): Promise<RestoreReport> {
  selfTest(nativeEngine())
  refuseUsedHome(options.home)
  const manifest = await readBackup(options.backup)
  process.umask(0o077)
  await makeHome(options.home)
  try {
    return await fillHome(options, manifest)
  } catch (error) {
    // Only our own beginnings are here: the directory was empty before. What was put into a token that was named stays there, named nowhere.
    for (const name of readdirSync(options.home)) rmSync(join(options.home, name), { recursive: true, force: true })
    throw error
  }
}

async function fillHome(options: RestoreOptions, manifest: BackupManifest): Promise<RestoreReport> {
  const paths = homePaths(options.home)
  copyFileSync(join(options.backup, BACKUP_FILES.database), paths.database, constants.COPYFILE_EXCL)
  copyFileSync(join(options.backup, BACKUP_FILES.config), join(options.home, `${BACKUP_FILES.config}.backup`), constants.COPYFILE_EXCL)
  const text = readConfigOf(options.backup)
  const old = parseConfig(text, options.home)
  const { uri, location } = await chooseOrKeepToken(options, old)
  await using opened = new AsyncDisposableStack()
  const database = openDatabase(paths.database, MIGRATIONS)
  opened.defer(() => database.close())
  const identityFile = options.identity === undefined ? undefined : resolve(options.identity)
  const keyHost = await startKeyHost({ token: location, logger: silentLogger, children: 1, ...(identityFile === undefined ? {} : { identityFile }) })
  opened.defer(() => keyHost.close())
  const timeline = new Timeline(systemClock)
  const keys = openKeyStore({ db: database, keyHost, clock: systemClock, timeline, recipients: old.recoveryRecipients })

  const sameToken = await hasLogKeys(keys, options)
  if (!sameToken) await keys.recoverLogKeys(needIdentity(identityFile, manifest))
  const logKeys = (): ReturnType<KeyStore['logKeys']> => keys.logKeys()
  const log = await openLog({
    database,
    keyHost,
    logKeys,
    origin: old.audit.origin,
    ...defined({ witnesses: old.witnesses, cold: old.audit.cold }),
    clock: systemClock,
    timeline,
    logger: silentLogger,
  })
  opened.defer(() => log.audit.close())
  const facts = { operationId: newOperationId(), caller: parseIdentity('local'), operation: 'restore' }
  // First of all that there is a gap in the log; it is no intent, so that it is not taken for one of those that are open in the backup.
  const from = `from a backup of ${manifest.createdAt} with at least ${manifest.treeSize} entries; later ones are lost`
  await log.audit.append({ kind: 'daemon-start', ...facts, result: 'ok', reason: from })
  await log.audit.recover('its outcome came after the backup, if it came')
  await log.audit.append({ kind: 'intent', ...facts })
  const report = sameToken ? await checkVersions(keys, identityFile) : await keys.recoverVersions(needIdentity(identityFile, manifest))
  await log.audit.complete({ kind: 'outcome', ...facts, result: 'ok', reason: summary(report) })

  await homeTrustIssuer({ audit: log.audit, keys, log: log.trust, paths, settings: old }).renumber(skippedNumbers(keys.trust()?.serial ?? 0))
  mkdirSync(paths.imports, { mode: 0o700 })
  writeFileSync(paths.config, withToken(text, { uri, env: location.env ?? {}, serial: parseConfig(text, options.home).token.serial }), {
    mode: 0o600,
    flush: true,
  })
  const { label, serial, model } = await keyHost.tokenInfo()
  const settings = { module: location.modulePath, recipients: old.recoveryRecipients }
  const { createdAt, treeSize, origin } = manifest
  return { home: options.home, backup: { createdAt, treeSize, origin }, token: { label, serial, model }, settings, sameToken, ...report }
}

/** The one that is named; else the backup's own where there is no identity, and a new one where there is. */
function chooseOrKeepToken(options: RestoreOptions, old: Config): ReturnType<typeof chooseToken> {
  if (options.token !== undefined || options.identity !== undefined) return chooseToken({ ...options, serial: old.token.serial })
  return Promise.resolve({ uri: old.token.uri, location: tokenLocation(old.token) })
}

/** Whether the token has what the records of the log's keys name. A token that is away is an error and not another token. */
async function hasLogKeys(keys: KeyStore, { identity }: RestoreOptions): Promise<boolean> {
  try {
    await keys.checkLogKeys()
    return true
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    if (error.code !== 'TOKEN_KEY_MISMATCH' && error.code !== 'SEALED_SEED_INVALID') throw error
    if (identity !== undefined) return false
    throw new SealstoneError('RECOVERY_INVALID', "the token has not the keys of this backup's log", {
      cause: error,
      hint: 'name the token that has them with --token, or recover into this one with --identity FILE',
    })
  }
}

/** In the token of before. One that is not there is put back if it can be; else it is in quarantine, and not lost: the token may be half restored. */
async function checkVersions(keys: KeyStore, identityFile: string | undefined): Promise<RecoveryReport> {
  const recovered: string[] = []
  const lost: string[] = []
  for (const record of keys.list().filter(({ state }) => state !== 'destroyed')) {
    const isThere = (await test(keys, record)) || (identityFile !== undefined && (await keys.recoverVersion(record, identityFile)))
    if (!isThere) keys.quarantine(record, 'it is not in the token after a restore')
    ;(isThere ? recovered : lost).push(describeVersion(record))
  }
  return { recovered, lost }
}

async function test(keys: KeyStore, record: KeyRecord): Promise<boolean> {
  try {
    await keys.test(record)
    return true
  } catch (thrown) {
    const { code } = toSealstoneError(thrown)
    if (code === 'TOKEN_KEY_MISMATCH' || code === 'SEALED_SEED_INVALID') return false
    throw thrown
  }
}

function needIdentity(identityFile: string | undefined, { token }: BackupManifest): string {
  if (identityFile !== undefined) return identityFile
  throw new SealstoneError('RECOVERY_INVALID', `this is another token than ${token.label} with serial ${token.serial}`, {
    hint: 'name a file with an age identity of one of the recovery recipients: --identity FILE',
  })
}

function summary({ recovered, lost }: RecoveryReport): string {
  const text = `${recovered.length} key versions sign again${lost.length === 0 ? '' : `; lost: ${lost.join(', ')}`}`
  return text.length <= MAX_REASON ? text : `${text.slice(0, MAX_REASON - 1)}…`
}

/** The backup's own settings with this token; the comments are in the copy beside it. */
function withToken(text: string, token: Config['token']): string {
  const settings = parse(text)
  return `# Restored; the file as it was, with its comments, is config.toml.backup.\n${stringify({ ...settings, token: { ...token, env: { ...token.env } } })}\n`
}

/**
 * More than are issued between two backups: an issue is a change of a key, and one now and then. And no two restores of one backup, of which one
 * may have been a drill, give out the same numbers: minutes since 2020 are more than any daemon issues.
 */
function skippedNumbers(last: number): number {
  return Math.max(1000, Math.floor((Date.now() - Date.UTC(2020, 0)) / 60_000) - last)
}

const MAX_REASON = 4000
