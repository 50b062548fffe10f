/** The page's shortest way to prove many entries: every tile that it believes is the tree's, and one with a changed hash is never believed. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { concatBytes, type SealstoneError, u64 } from '#core'
import { GrowingTree, HASH_BYTES, leafHash, parseTilePath, TILE_WIDTH, type TileName, tilePath, tileWidth } from '#tlog'
import { ProvenTiles } from '../../src/console/page/proven-tiles.ts'
import { ServerTiles } from '../../src/console/page/server-tiles.ts'

const LEAVES = 70_000
const full = new Map<string, Uint8Array>()
const hashes = Array.from({ length: LEAVES }, (_, index) => leafHash(u64(BigInt(index))))
const roots: Uint8Array[] = []

const tree = GrowingTree.empty()
const rootAt = new Map<number, Uint8Array>()
const SIZES = [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000, LEAVES]
for (const [at, hash] of hashes.entries()) {
  for (const tile of tree.appendHash(hash)) {
    full.set(tilePath({ kind: 'hashes', level: tile.level, number: tile.number, width: TILE_WIDTH }), tile.hashes)
    if (tile.level === 0) roots.push(tile.root)
  }
  if (SIZES.includes(at + 1)) rootAt.set(at + 1, tree.root())
}

function honest(name: TileName): Uint8Array {
  const row = name.kind === 'hashes' && name.level === 1 ? roots : hashes
  const start = Number(name.number) * TILE_WIDTH
  const kept = full.get(tilePath(name))
  if (kept !== undefined) return kept
  if (name.kind === 'hashes' && name.level === 2) return full.get('tile/1/000') === undefined ? new Uint8Array() : rootOfFirst()
  return concatBytes(...row.slice(start, start + name.width))
}

/** The only hash at level 2 that these sizes have. */
function rootOfFirst(): Uint8Array {
  return rootAt.get(65_536) ?? new Uint8Array()
}

function reader(change: (name: TileName, bytes: Uint8Array) => Uint8Array = (_name, bytes) => bytes): ProvenTiles {
  return new ProvenTiles(
    new ServerTiles(async (path) => {
      const name = parseTilePath(path.slice('/api/'.length))
      if (name === undefined) throw new Error(path)
      return change(name, honest(name))
    }),
  )
}

it.each(SIZES)('proves every tile that it looks at in a tree of %i leaves', async (size) => {
  const root = rootAt.get(size) ?? new Uint8Array()
  const tiles = reader()
  const last = Math.floor((size - 1) / TILE_WIDTH)
  for (const number of new Set([0, Math.floor(last / 2), last])) {
    const width = tileWidth(BigInt(size), 0, BigInt(number))
    const proven = await tiles.read(0, BigInt(number), { size: BigInt(size), root })
    expect(proven).toEqual(concatBytes(...hashes.slice(number * TILE_WIDTH, number * TILE_WIDTH + width)))
  }
})

it('believes no tile with a changed hash, wherever it is on the way to the root', async () => {
  const property = fc.asyncProperty(fc.constantFrom(...SIZES), fc.nat(), fc.nat(), fc.nat({ max: 3 }), async (size, pick, byte, which) => {
    const number = BigInt(pick % Math.ceil(size / TILE_WIDTH))
    let changed = 0
    const seen: string[] = []
    const tiles = reader((name, bytes) => {
      seen.push(tilePath(name))
      if (seen.length - 1 !== which) return bytes
      changed++
      const other = bytes.slice()
      other[byte % other.length] = (other[byte % other.length] ?? 0) ^ 1
      return other
    })
    const reading = tiles.read(0, number, { size: BigInt(size), root: rootAt.get(size) ?? new Uint8Array() })
    const outcome = await reading.then(
      () => 'believed',
      (error: SealstoneError) => error.code,
    )
    return outcome === (changed > 0 ? 'VERIFICATION_FAILED' : 'believed')
  })
  await fc.assert(property, { numRuns: 200 })
})

it('believes no tile that is shorter or longer than the tree says', async () => {
  for (const size of [257, 66_000]) {
    for (const cut of [(bytes: Uint8Array) => bytes.slice(0, -HASH_BYTES), (bytes: Uint8Array) => concatBytes(bytes, new Uint8Array(HASH_BYTES))]) {
      const tiles = reader((_, bytes) => cut(bytes))
      await expect(tiles.read(0, 0n, { size: BigInt(size), root: rootAt.get(size) ?? new Uint8Array() })).rejects.toMatchObject({
        code: 'VERIFICATION_FAILED',
      })
    }
  }
})

it('proves a tile again when the tree has grown, and asks once for what many want', async () => {
  let asked = 0
  const tiles = reader((_, bytes) => {
    asked++
    return bytes
  })
  const small = { size: 257n, root: rootAt.get(257) ?? new Uint8Array() }
  await Promise.all(Array.from({ length: 50 }, () => tiles.read(0, 0n, small)))
  expect(asked).toBe(3) // the tile, and the edge: one at each of two levels
  expect((await tiles.read(0, 1n, small)).length).toBe(HASH_BYTES)
  expect((await tiles.read(0, 1n, { size: 512n, root: rootAt.get(512) ?? new Uint8Array() })).length).toBe(TILE_WIDTH * HASH_BYTES)
})
