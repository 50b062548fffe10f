/** Sets a state directory up from a backup: with the token that the keys are in, or with another one and an offline identity. */
import { constants, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'smol-toml'
import { LIMITS, newOperationId, parseIdentity, SealstoneError, silentLogger, silentMetrics, systemClock, toSealstoneError } from '#core'
import { openDatabase } from '#db'
import { startKeyHost } from '#keyhost'
import { describeVersion, type KeyStore, openKeyStore, type RecoveryReport } from '#keys'
import { TrustIssuer } from '#operations'
import { selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import { BACKUP_FILES, type BackupManifest, readBackup } from './backup-format.ts'
import { type Config, parseConfig } from './config.ts'
import { homePaths, refuseUsedHome } from './home.ts'
import { chooseToken, type InitOptions, makeHome } from './init-home.ts'
import { operationContext } from './operation-context.ts'
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
  /** The keys are where they were, in the token of the backup. */
  readonly sameToken: boolean
}

/** Throws HOME_EXISTS, BACKUP_INVALID, RECOVERY_INVALID, TOKEN_* or AUDIT_CORRUPT; what it made itself is removed again then. */
export async function restoreHome(options: RestoreOptions): Promise<RestoreReport> {
  selfTest(nativeEngine())
  refuseUsedHome(options.home)
  const manifest = readBackup(options.backup)
  process.umask(0o077)
  makeHome(options.home)
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
  const text = readText(join(options.backup, BACKUP_FILES.config))
  const old = parseConfig(text, options.home)
  const { uri, location } = await chooseOrKeepToken(options, old)
  await using opened = new AsyncDisposableStack()
  const database = openDatabase(paths.database, MIGRATIONS)
  opened.defer(() => database.close())
  const identityFile = options.identity === undefined ? undefined : resolve(options.identity)
  const keyHost = await startKeyHost({ token: location, logger: silentLogger, children: 1, ...(identityFile === undefined ? {} : { identityFile }) })
  opened.defer(() => keyHost.close())
  const keys = openKeyStore({ db: database, keyHost, clock: systemClock, recipients: old.recoveryRecipients })

  const sameToken = await isSameToken(keys, options)
  if (!sameToken) await keys.recoverLogKeys(needIdentity(identityFile, manifest))
  const logKeys = (): ReturnType<KeyStore['logKeys']> => keys.logKeys()
  const log = await openLog({ database, keyHost, logKeys, origin: old.audit.origin, clock: systemClock, logger: silentLogger })
  opened.defer(() => log.audit.close())
  await log.audit.recover()

  // From here on everything is in the log, first of all that there is a gap in it.
  const facts = { operationId: newOperationId(), caller: parseIdentity('local'), operation: 'restore' }
  const from = `from a backup of ${manifest.createdAt} with at least ${manifest.treeSize} entries; later ones are lost`
  await log.audit.append({ kind: 'intent', ...facts, reason: from })
  const report = sameToken ? await checkVersions(keys) : await keys.recoverVersions(needIdentity(identityFile, manifest))
  await log.audit.complete({ kind: 'outcome', ...facts, result: 'ok', reason: summary(report) })

  const rooms = {
    audit: log.audit,
    keys,
    engine: nativeEngine(),
    log: log.trust,
    policy: [],
    metrics: silentMetrics,
    clock: systemClock,
    logger: silentLogger,
  }
  const backup = (): never => {
    throw new SealstoneError('INTERNAL', 'a restore makes no backup')
  }
  await new TrustIssuer(operationContext({ ...rooms, backup, paths, settings: old })).renumber(SKIPPED_TRUST_NUMBERS)
  mkdirSync(paths.imports, { mode: 0o700 })
  writeFileSync(paths.config, withToken(text, uri, location.env ?? {}), { mode: 0o600, flush: true })
  const { label, serial, model } = await keyHost.tokenInfo()
  const { createdAt, treeSize, origin } = manifest
  return { home: options.home, backup: { createdAt, treeSize, origin }, token: { label, serial, model }, sameToken, ...report }
}

/** The one that is named; else the backup's own where there is no identity, and a new one where there is. */
function chooseOrKeepToken(options: RestoreOptions, old: Config): ReturnType<typeof chooseToken> {
  if (options.token !== undefined || options.identity !== undefined) return chooseToken(options)
  return Promise.resolve({ uri: old.token.uri, location: tokenLocation(old.token) })
}

/** Whether the token has what the records name. A token that is away is an error and not another token. */
async function isSameToken(keys: KeyStore, { identity }: RestoreOptions): Promise<boolean> {
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

async function checkVersions(keys: KeyStore): Promise<RecoveryReport> {
  const living = keys.list().filter(({ state }) => state !== 'destroyed')
  for (const record of living) await keys.test(record)
  return { recovered: living.map(describeVersion), lost: [] }
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
function withToken(text: string, uri: string, env: Readonly<Record<string, string>>): string {
  const settings = parse(text)
  return `# Restored; the file as it was, with its comments, is config.toml.backup.\n${stringify({ ...settings, token: { uri, env: { ...env } } })}\n`
}

function readText(path: string): string {
  const { size } = statSync(path)
  if (size > MAX_CONFIG_BYTES) throw new SealstoneError('BACKUP_INVALID', `${path} is ${size} bytes, want at most ${MAX_CONFIG_BYTES}`)
  return readFileSync(path, 'utf8')
}

/** More than are issued between two backups: an issue is a change of a key, and one now and then. */
const SKIPPED_TRUST_NUMBERS = 1000
const MAX_CONFIG_BYTES = LIMITS.configFileBytes
const MAX_REASON = 4000
