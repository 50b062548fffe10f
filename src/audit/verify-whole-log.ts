/** Recomputes everything from the leaves: every hash, tile, column, open intent, the head and the signed checkpoint. */
import { equalBytes, SealstoneError, toHex, toSealstoneError } from '#core'
import type { Database } from '#db'
import { GrowingTree, type Leaf, type LogSignatureVerifier, type LogVerifierKey, parseLeaf, type Tile } from '#tlog'
import { loadLog } from './load-log.ts'
import { LogStore } from './store.ts'
import { TileReader } from './tile-reader.ts'

export interface WholeLogOptions {
  readonly db: Database
  readonly origin: string
  readonly keys: readonly LogVerifierKey[]
  readonly verifier: LogSignatureVerifier
}

/** Throws AUDIT_CORRUPT naming the first thing that is wrong. Reads the whole log, page by page. */
export function verifyWholeLog({ db, origin, keys, verifier }: WholeLogOptions): { size: bigint; root: Uint8Array; openIntents: number } {
  const store = new LogStore(db)
  const tree = GrowingTree.empty()
  const openIntents = new Map<string, bigint>()
  let previousTime = ''
  for (let page = store.readLeaves(0n, PAGE); page.length > 0; page = store.readLeaves(tree.size, PAGE)) {
    for (const { index, bytes } of page) {
      if (index !== tree.size) throw corrupt(`leaf ${tree.size} is missing`)
      const leaf = parse(index, bytes)
      if (leaf.time < previousTime) throw corrupt(`leaf ${index} is older than the one before it`)
      previousTime = leaf.time
      if (leaf.kind === 'intent') openIntents.set(leaf.operationId, index)
      if (leaf.kind === 'outcome') openIntents.delete(leaf.operationId)
      checkColumns(db, index, leaf)
      for (const tile of tree.append(bytes)) checkTile(db, tile)
    }
  }
  const { head } = loadLog({ store, tiles: new TileReader(store), origin, keys, verifier })
  const root = tree.root()
  if (head.size !== tree.size || !equalBytes(head.root, root)) throw corrupt(`the root over ${tree.size} leaves is not the stored one`)
  const listed = store.readOpenIntents(tree.size)
  const expected = [...openIntents.values()].sort((left, right) => Number(left - right))
  if (listed.length !== expected.length || listed.some((index, at) => index !== expected[at]))
    throw corrupt('the list of open intents does not match the leaves')
  return { size: tree.size, root, openIntents: listed.length }
}

function parse(index: bigint, bytes: Uint8Array): Leaf {
  try {
    return parseLeaf(bytes)
  } catch (cause) {
    throw new SealstoneError('AUDIT_CORRUPT', `leaf ${index} does not parse: ${toSealstoneError(cause).message}`, { cause })
  }
}

function checkColumns(db: Database, index: bigint, leaf: Leaf): void {
  const row = db.prepare('SELECT time, kind, operation_id, caller, key, model_name, result FROM audit_leaf WHERE idx = ?').get(index) ?? {}
  const stored = [row['time'], row['kind'], toHex(row['operation_id'] as Uint8Array), row['caller'], row['key'], row['model_name'], row['result']]
  const want = [Date.parse(leaf.time), leaf.kind, leaf.operationId, leaf.caller, leaf.key ?? null, leaf.modelName ?? null, leaf.result ?? null]
  if (stored.some((value, at) => value !== want[at])) throw corrupt(`the columns of leaf ${index} do not match it`)
}

function checkTile(db: Database, { level, number, hashes, root }: Tile): void {
  const row = db.prepare('SELECT root, hashes FROM audit_tile WHERE level = ? AND number = ?').get(level, number)
  if (row === undefined) throw corrupt(`tile ${level}/${number} is missing`)
  if (!equalBytes(row['hashes'] as Uint8Array, hashes) || !equalBytes(row['root'] as Uint8Array, root)) {
    throw corrupt(`tile ${level}/${number} does not match its leaves: one of them, or the tile, was changed`)
  }
}

function corrupt(message: string): SealstoneError {
  return new SealstoneError('AUDIT_CORRUPT', message)
}

const PAGE = 256
