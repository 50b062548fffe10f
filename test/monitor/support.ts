/** Real logs of the room `audit` in folders of their own, published as files, and a trust file for them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { newOperationId, systemClock, utf8 } from '#core'
import { databaseTiles } from '#audit'
import { encodeState, type KnownLog, parseState, watch, type WatchPorts } from '#monitor'
import { publishLog } from '#publish'
import { openTileSource } from '#tilesources'
import {
  decodeCheckpoint,
  encodeEntryBundle,
  encodeLeaf,
  GrowingTree,
  type Leaf,
  leafHash,
  parseLeaf,
  parseNote,
  readEntryBundle,
  type TileName,
  TILE_WIDTH,
  tilePath,
} from '#tlog'
import { intent, openLog, type OpenLog, type OpenLogOptions, outcome } from '../audit/support.ts'
import { run, type RunResult, temporaryFolder } from '../support/sealstone.ts'
import { makeInstallation, trustFileOf, trustOf } from '../support/signing.ts'
import { serveWith } from '../tilesources/support.ts'
import { nobleVerifier, type SoftwareLog, softwareLog } from '../support/software-log.ts'

export const ORIGIN = 'log.example/models'

export interface Stage extends Disposable {
  readonly path: string
  readonly log: SoftwareLog
  /** What a monitor is told of the log. */
  readonly known: KnownLog
  /** A trust file with the keys of the log. */
  readonly trust: string
  /** The log's state directory, and what is published of it. */
  readonly state: string
  readonly published: string
  /** Does `work` with the log opened as the daemon opens it, then publishes it. */
  use(work: (log: OpenLog) => Promise<unknown>, options?: OpenLogOptions): Promise<void>
  /** `count` signings: an intent and an outcome each. */
  sign(count: number, options?: OpenLogOptions): Promise<void>
}

export function makeStage(log: SoftwareLog = softwareLog(ORIGIN)): Stage {
  const folder = temporaryFolder('sealstone-monitor-')
  const at = (name: string): string => join(folder.path, name)
  const state = at('state')
  const published = at('published')
  mkdirSync(state)
  const installation = makeInstallation('mldsa65-ecdsa-p256', 'default', log)
  writeFileSync(at('trust.json'), trustFileOf(trustOf(installation), log))
  const use: Stage['use'] = async (work, options) => {
    await using opened = await openLog(state, log, options)
    await work(opened)
    await publishLog({ source: databaseTiles(opened.db), directory: published })
  }
  const sign: Stage['sign'] = (count, options) =>
    use(async ({ audit }) => {
      const signOnce = async (): Promise<void> => {
        const operationId = newOperationId()
        await audit.append(intent({ operationId }))
        await audit.complete(outcome({ operationId }))
      }
      // A few one after the other, so that each outcome follows its intent; many at once, in few commits.
      if (count > 10) await Promise.all(Array.from({ length: count }, signOnce))
      else for (let made = 0; made < count; made++) await signOnce()
    }, options)
  const stage = {
    path: folder.path,
    log,
    known: { origin: log.origin, keys: log.keys, verifier: nobleVerifier, witnesses: [], quorum: 0 },
    trust: at('trust.json'),
    state,
    published,
    use,
    sign,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
  onTestFinished(() => stage[Symbol.dispose]())
  return stage
}

type WatchState = Parameters<WatchPorts['save']>[0]

/** A monitor in memory. */
export interface Reader {
  /** One round: the kinds of the alerts that it told. */
  look(place: string): Promise<string[]>
  /** The checkpoint that it believes. */
  believes(): string
}

export function reader(known: KnownLog): Reader {
  let state: WatchState | undefined
  return {
    look: async (place) => {
      const kinds: string[] = []
      await watch(
        {
          source: openTileSource(place),
          log: known,
          rules: [],
          maxAgeMs: 3_600_000,
          intentAgeMs: 3_600_000,
          clock: systemClock,
          signal: AbortSignal.timeout(100_000),
        },
        {
          load: async () => state,
          save: async (next) => {
            state = parseState(encodeState(next), known.origin)
          },
          keep: async (name) => name,
          tell: (alerts) => kinds.push(...alerts.map(({ kind }) => kind)),
          done: () => {},
          undelivered: () => {},
        },
      )
      return kinds
    },
    believes: () => state?.checkpoint ?? '',
  }
}

/** What the log keys sign of these leaves, whatever they are. */
export function signLeaves(log: SoftwareLog, leaves: readonly Uint8Array[], timestampSeconds?: bigint): string {
  return log.signNow({ origin: log.origin, size: BigInt(leaves.length), root: rootOfHashes(leaves.map(leafHash)) }, timestampSeconds)
}

/** The leaves of a published log. */
export async function leavesOf(folder: string): Promise<Uint8Array[]> {
  const source = openTileSource(folder)
  const { size } = decodeCheckpoint(parseNote(await source.checkpoint()).text)
  const leaves: Uint8Array[] = []
  for (let number = 0n; number * BigInt(TILE_WIDTH) < size; number++) leaves.push(...(await readEntryBundle(source, size, number)).entries)
  return leaves
}

/** A leaf with other members, in its canonical form. */
export function editLeaf(bytes: Uint8Array | undefined, members: Partial<Leaf>): Uint8Array {
  return encodeLeaf({ ...parseLeaf(bytes ?? new Uint8Array()), ...members })
}

/** A published log as a web server gives it: what is in the folder at the time of each request. */
export function serveFolder(folder: string, onRequest: (path: string) => void = () => {}): Promise<string> {
  return serveWith((request, response) => {
    onRequest(request.url ?? '')
    try {
      response.writeHead(200).end(readFileSync(join(folder, request.url ?? '')))
    } catch {
      response.writeHead(404).end()
    }
  })
}

/** Tiles and bundles of these leaves, replaced as a whole, under a checkpoint that need not be theirs. */
export function writeLogFiles(folder: string, leaves: readonly Uint8Array[], note: string): void {
  rmSync(join(folder, 'tile'), { recursive: true, force: true })
  const write = (name: TileName, bytes: Uint8Array): void => writeBelow(folder, tilePath(name), bytes)
  for (let level = 0, hashes = leaves.map(leafHash); hashes.length > 0; level++) {
    const roots: Uint8Array[] = []
    for (let at = 0; at < hashes.length; at += TILE_WIDTH) {
      const part = hashes.slice(at, at + TILE_WIDTH)
      write({ kind: 'hashes', level, number: BigInt(at / TILE_WIDTH), width: part.length }, Buffer.concat(part))
      if (part.length === TILE_WIDTH) roots.push(rootOfHashes(part))
    }
    hashes = roots
  }
  for (let at = 0; at < leaves.length; at += TILE_WIDTH) {
    const part = leaves.slice(at, at + TILE_WIDTH)
    write({ kind: 'entries', number: BigInt(at / TILE_WIDTH), width: part.length }, encodeEntryBundle(part))
  }
  writeBelow(folder, 'checkpoint', utf8(note))
}

function rootOfHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const tree = GrowingTree.empty()
  for (const hash of hashes) tree.appendHash(hash)
  return tree.root()
}

function writeBelow(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), bytes)
}

/** `audit watch --once` of what is published, with a state of its own. */
export function watchLine(stage: Stage, place = stage.published): string[] {
  return ['audit', 'watch', place, '--once', '--state', stateOf(stage), '--trust', stage.trust]
}

export function look(stage: Stage, place?: string): Promise<RunResult> {
  return run(watchLine(stage, place))
}

export function stateOf({ path }: Stage): string {
  return join(path, 'monitor/state.json')
}

export function evidenceOf(stage: Stage): string {
  return join(dirname(stateOf(stage)), 'state.evidence')
}
