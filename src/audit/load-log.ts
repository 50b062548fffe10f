/** Brings the log into memory and checks that it is the log whose checkpoint the log keys signed; work does not grow with the log's length. */
import { equalBytes, SealstoneError, toSealstoneError } from '#core'
import {
  GrowingTree,
  type LogSignatureVerifier,
  type LogVerifierKey,
  leafHash,
  openCheckpoint,
  parseLeaf,
  rootOf,
  TILE_HEIGHT,
  TILE_WIDTH,
} from '#tlog'
import type { LogStore, StoredHead } from './store.ts'
import type { TileReader } from './tile-reader.ts'

export interface LoadedLog {
  readonly head: StoredHead
  readonly tree: GrowingTree
  /** Leaves that the newest checkpoint covers. */
  readonly checkpointSize: bigint
  /** Time of the last leaf, milliseconds since 1970. */
  readonly lastTime: number
}

export interface LogParts {
  readonly store: LogStore
  readonly tiles: TileReader
  readonly origin: string
  readonly keys: readonly LogVerifierKey[]
  readonly verifier: LogSignatureVerifier
}

/**
 * Throws AUDIT_CORRUPT if the database does not match itself or the signed checkpoint. Looked at: the leaves that no full tile holds
 * (at most 255), the hashes at the right edge, the root that was stored and the root that was signed. Full tiles are trusted as far as
 * their roots go: `checkTail` looks at the last ones, `verifyWholeLog` at every leaf.
 */
export function loadLog(parts: LogParts): LoadedLog {
  const { store, origin } = parts
  const head = store.readHead() ?? createLog(parts)
  if (head.origin !== origin) {
    throw new SealstoneError('CONFIG_INVALID', `the log is named ${head.origin}, the configuration says ${origin}`, {
      hint: 'set the origin in config.toml back: a log keeps its name for life',
    })
  }
  const count = store.countLeaves()
  if (count !== head.size) throw corrupt(`the log has ${count} leaves, its head says ${head.size}`)
  const tree = restoreTree(store, head.size)
  if (!equalBytes(tree.root(), head.root)) throw corrupt(`the root over ${head.size} leaves is not the stored one: a leaf or a hash was changed`)
  return { head, tree, checkpointSize: checkCheckpoint(parts, head, tree), lastTime: checkLastLeaf(store, head.size) }
}

// A crash after this leaves an empty log without its first leaf; `openAuditLog` writes that leaf whenever the log is empty.
function createLog({ store, origin }: LogParts): StoredHead {
  const head = { origin, size: 0n, root: GrowingTree.empty().root(), checkpoint: undefined }
  if (store.countLeaves() > 0n) throw corrupt('there are leaves and no head')
  store.createHead(head)
  return head
}

function restoreTree(store: LogStore, size: bigint): GrowingTree {
  return GrowingTree.restore(size, (level, count) => {
    const start = (size >> BigInt((level + 1) * TILE_HEIGHT)) * BigInt(TILE_WIDTH)
    if (level > 0) return store.readTileRoots(level - 1, start, count)
    return store.readLeaves(start, count).map(({ index, bytes }, at) => {
      if (index !== start + BigInt(at)) throw corrupt(`leaf ${start + BigInt(at)} is missing`)
      return leafHash(bytes)
    })
  })
}

function checkCheckpoint({ tiles, origin, keys, verifier }: LogParts, head: StoredHead, tree: GrowingTree): bigint {
  if (head.checkpoint === undefined) {
    // The first leaf is committed together with the first checkpoint.
    if (head.size > 0n) throw corrupt(`the log has ${head.size} leaves and no checkpoint`)
    return 0n
  }
  const signed = open(head.checkpoint, keys, verifier)
  if (signed.origin !== origin) throw corrupt(`the checkpoint is of another log, ${signed.origin}`)
  if (signed.size > head.size) throw corrupt(`the log has ${head.size} leaves, the log keys signed ${signed.size}: leaves were removed`)
  if (!equalBytes(rootOf(signed.size, tree.reader(tiles.reader())), signed.root)) {
    throw corrupt(`the root over ${signed.size} leaves is not the one that the log keys signed: a leaf or a hash was changed`)
  }
  return signed.size
}

function open(note: string, keys: readonly LogVerifierKey[], verifier: LogSignatureVerifier) {
  try {
    return openCheckpoint(note, keys, verifier)
  } catch (cause) {
    throw new SealstoneError('AUDIT_CORRUPT', `the stored checkpoint does not open: ${toSealstoneError(cause).message}`, { cause })
  }
}

function checkLastLeaf(store: LogStore, size: bigint): number {
  if (size === 0n) return 0
  const bytes = store.readLeaf(size - 1n)
  if (bytes === undefined) throw corrupt(`leaf ${size - 1n} is missing`)
  try {
    return Date.parse(parseLeaf(bytes).time)
  } catch (cause) {
    throw new SealstoneError('AUDIT_CORRUPT', `leaf ${size - 1n} does not parse`, { cause })
  }
}

function corrupt(message: string): SealstoneError {
  return new SealstoneError('AUDIT_CORRUPT', message)
}
