/** Sets a witness up in a directory of its own, and runs it from there. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, type Logger, SealstoneError } from '#core'
import { acquireLock, openDatabase } from '#db'
import { logSignatureVerifier } from '#suites'
import { nativeEngine } from '#suites/native'
import { witnessVkeys } from '#tlog'
import { loadWitnessConfig, parseWitnessConfig, WITNESS_CONFIG_FILE } from './witness-config.ts'
import { createWitnessKeys, readWitnessKeys } from './witness-keys.ts'
import { serveWitness, type WitnessServer } from './witness-server.ts'
import { WITNESS_MIGRATIONS, WitnessStore } from './witness-store.ts'

/** Throws CONFIG_INVALID: before anything is made. */
export function checkWitnessName(name: string): void {
  parseWitnessConfig(template(name))
}

/** Two keys and a commented witness.toml, in a directory that is there. Throws OUTPUT_EXISTS, CONFIG_INVALID for the name. */
export function initWitness(directory: string, name: string): { readonly vkeys: readonly string[] } {
  checkWitnessName(name)
  createWitnessKeys(directory)
  // Last: a crash before this leaves keys that nobody knows yet, and the next try says so.
  writeFileSync(join(directory, WITNESS_CONFIG_FILE), template(name), { flag: 'wx', mode: 0o600, flush: true })
  return { vkeys: witnessVkeys(readWitnessKeys(directory, name)) }
}

export interface RunningWitness extends AsyncDisposable {
  readonly url: string
  readonly vkeys: readonly string[]
  readonly logs: number
}

export interface RunOptions {
  readonly directory: string
  readonly clock: Clock
  readonly logger: Logger
  /** Told between storing and cosigning. */
  readonly onStored?: () => void
}

/** Throws CONFIG_INVALID, FILE_UNREADABLE, HOME_INSECURE, KEY_INVALID, DAEMON_RUNNING, DATABASE_UNAVAILABLE; nothing stays open then. */
export async function runWitness({ directory, clock, logger, onStored }: RunOptions): Promise<RunningWitness> {
  const config = loadWitnessConfig(directory)
  const keys = readWitnessKeys(directory, config.name)
  await using opened = new AsyncDisposableStack()
  // Two processes over one memory could cosign two forks.
  const lock = acquireLock(join(directory, 'witness.lock'))
  opened.defer(() => lock.release())
  const db = openDatabase(join(directory, 'witness.db'), WITNESS_MIGRATIONS)
  opened.defer(() => db.close())
  const parts = {
    logs: config.logs,
    keys,
    store: new WitnessStore(db),
    verifier: logSignatureVerifier(nativeEngine()),
    given: new Map(),
    clock,
    logger,
    ...(onStored === undefined ? {} : { onStored }),
  }
  const server: WitnessServer = await serveWitness(parts, config)
  opened.defer(() => server.close())
  const resources = opened.move()
  return { url: server.url, vkeys: witnessVkeys(keys), logs: config.logs.size, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

function template(name: string): string {
  if (!/^[^\s+"\\]{1,255}$/.test(name))
    throw new SealstoneError('CONFIG_INVALID', 'the name has spaces, quotes or a plus sign', { hint: 'name it like witness.example/w1' })
  return `# A witness: it cosigns the checkpoints of the logs below, and of no others, as long as each goes on from the one before.

# Signed into its cosignatures; stays the same for life.
name = "${name}"

# host:port. Plain HTTP: put a web server with TLS in front of it where strangers may come.
listen = "127.0.0.1:7380"

# One table for each log: its name, and its verifier keys. Where a log has an Ed25519 and an ML-DSA-44 key, both must have signed.
# Sealstone's are in trust.json, under "log".
#
# [[log]]
# origin = "log.example/models"
# keys = ["log.example/models+…", "log.example/models+…"]
`
}
