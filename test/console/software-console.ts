/** A console over a real log whose keys are in software, so that a test can sign what no honest log would, and show it. */
import { type Clock, systemClock, silentLogger, toBase64 } from '#core'
import { startConsole, type ConsoleLog, type ConsoleOptions, type ConsoleServer } from '#console'
import { trustSignedBytes, writeTrustFile, type TrustFile } from '#envelopes'
import { encodeVerifierKey, type NewLeaf, type Witness, witnessVkeys } from '#tlog'
import { LogReaderThread } from '../../src/daemon/log-reader.ts'
import { intent, openLog, outcome, type OpenLog } from '../audit/support.ts'
import { temporaryFolder } from '../support/sealstone.ts'
import { type SoftwareLog, softwareLog } from '../support/software-log.ts'

type HttpTls = NonNullable<ConsoleOptions['tls']>

export interface SoftwareConsole extends AsyncDisposable {
  readonly server: ConsoleServer
  /** What the server shows; a test that lies changes it. */
  readonly shown: { -readonly [Name in keyof ConsoleLog]: ConsoleLog[Name] }
  readonly log: OpenLog
  readonly keys: SoftwareLog
}

export async function openSoftwareConsole(
  keys: SoftwareLog = softwareLog('log.example/console'),
  clock: Clock = systemClock,
  tls?: HttpTls,
): Promise<SoftwareConsole> {
  await using opened = new AsyncDisposableStack()
  const { log, shown } = opened.use(await openShownLog(keys, clock))
  const server = opened.use(
    await startConsole({ host: '127.0.0.1', port: 0, clock: systemClock, logger: silentLogger, log: shown, ...(tls === undefined ? {} : { tls }) }),
  )
  const resources = opened.move()
  return { server, shown, log, keys, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

export interface ShownLog extends AsyncDisposable {
  readonly log: OpenLog
  readonly shown: SoftwareConsole['shown']
}

/** A log in a folder of its own, as a console shows it. Two with the same keys are two forks of one log. */
export async function openShownLog(keys: SoftwareLog, clock: Clock = systemClock): Promise<ShownLog> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(temporaryFolder('sealstone-console-'))
  const log = opened.use(await openLog(folder.path, keys, { clock }))
  const reader = new LogReaderThread({ database: log.db.path }, silentLogger)
  opened.defer(() => reader.close())
  const shown: ConsoleLog = {
    checkpoint: () => log.audit.checkpoint(),
    cosigned: () => undefined,
    trust: async () => trustFile(keys),
    tile: (name) => reader.ask({ kind: 'tile', name }),
    search: (query) => reader.ask({ kind: 'search', query }),
    activity: (span) => reader.ask({ kind: 'activity', span }),
  }
  const resources = opened.move()
  return { log, shown, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** So many signings: two entries each. */
export async function fill({ audit }: OpenLog, signings: number, members: Partial<NewLeaf> = {}): Promise<void> {
  for (let at = 0; at < signings; at++) {
    const began = intent(members)
    await audit.append(began)
    await audit.complete(outcome({ ...members, operationId: began.operationId }))
  }
}

/** @param witnesses whose cosignatures it demands, `quorum` of them */
export function trustFile(keys: SoftwareLog, serial = 1, witnesses: readonly Witness[] = [], quorum = 0): Uint8Array {
  const trust: TrustFile = {
    version: 2,
    serial,
    issuedAt: new Date().toISOString(),
    expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    log: {
      origin: keys.origin,
      keys: keys.keys.map(encodeVerifierKey),
      ...(witnesses.length === 0 ? {} : { quorum, witnesses: witnesses.map((witness) => ({ name: witness.name, keys: witnessVkeys(witness) })) }),
    },
    keys: [],
    policies: [],
  }
  return writeTrustFile(trust, keys.signRaw(trustSignedBytes(trust)))
}

/** A trust file as a browser takes it from a reviewer. */
export function trustUpload(keys: SoftwareLog, document = trustFile(keys)): { name: string; mimeType: string; buffer: Buffer } {
  return { name: `${toBase64(keys.keys[0].keyId)}.json`, mimeType: 'application/json', buffer: Buffer.from(document) }
}
