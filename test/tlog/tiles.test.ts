/** Tiles as files: the paths of c2sp.org/tlog-tiles, bundles, and proofs made from tiles, judged by the tree in memory. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex, u64 } from '#core'
import {
  consistencyProof,
  decodeEntryBundle,
  encodeEntryBundle,
  GrowingTree,
  inclusionProof,
  leafHash,
  parseTilePath,
  readEntryBundle,
  rootFromTiles,
  type TileName,
  type TileSource,
  tilePath,
  verifyConsistency,
  verifyInclusion,
  withTileNodes,
} from '#tlog'
import { flipBit } from '../support/hostile.ts'

describe('paths of tiles', () => {
  // The first one is the example of c2sp.org/tlog-tiles.
  const examples: [TileName, string][] = [
    [{ kind: 'hashes', level: 0, number: 1234067n, width: 256 }, 'tile/0/x001/x234/067'],
    [{ kind: 'hashes', level: 0, number: 0n, width: 256 }, 'tile/0/000'],
    [{ kind: 'hashes', level: 5, number: 999n, width: 1 }, 'tile/5/999.p/1'],
    [{ kind: 'entries', number: 1000n, width: 255 }, 'tile/entries/x001/000.p/255'],
  ]

  it.each(examples)('%o is %s, both ways', (name, path) => {
    expect(tilePath(name)).toBe(path)
    expect(parseTilePath(path)).toEqual(name)
  })

  it.each([
    'tile/0/1',
    'tile/0/0001',
    'tile/00/001',
    'tile/6/001',
    'tile/0/x000/001',
    'tile/0/001.p/0',
    'tile/0/001.p/256',
    'tile/0/001.p/01',
    'tile/0/001.p/',
    'tile/0/001/',
    'tile/0/x001',
    'tile/0/../checkpoint',
    '/tile/0/001',
    'tile/entries/001\n',
    'checkpoint',
    '',
  ])('%j is none', (path) => {
    expect(parseTilePath(path)).toBeUndefined()
  })

  it('are read back whatever the number', () => {
    const names = fc.record({
      kind: fc.constant('hashes' as const),
      level: fc.nat(5),
      number: fc.bigInt(0n, 2n ** 48n),
      width: fc.integer({ min: 1, max: 256 }),
    })
    fc.assert(
      fc.property(names, (name) => {
        expect(parseTilePath(tilePath(name))).toEqual(name)
      }),
    )
  })
})

describe('entry bundles', () => {
  it('hold entries behind a big-endian length', () => {
    expect(toHex(encodeEntryBundle([Uint8Array.of(7), new Uint8Array(), new Uint8Array(258)])).slice(0, 14)).toBe('00010700000102')
  })

  it('give back what was put in, and refuse every cut, every surplus and every other count', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }), fc.nat(), (entries, cut) => {
        const bundle = encodeEntryBundle(entries)
        expect(decodeEntryBundle(bundle, entries.length)).toEqual(entries)
        expect(() => decodeEntryBundle(bundle.slice(0, cut % bundle.length), entries.length)).toThrow('entry bundle')
        expect(() => decodeEntryBundle(concatBytes(bundle, Uint8Array.of(0)), entries.length)).toThrow('entry bundle')
        expect(() => decodeEntryBundle(bundle, entries.length + 1)).toThrow('entry bundle')
      }),
    )
  })

  it('refuse an entry that has no room in a length of two bytes', () => {
    expect(() => encodeEntryBundle([new Uint8Array(65_536)])).toThrow('entry is 65536 bytes, want at most 65535')
  })
})

describe('a log read from its tiles', () => {
  const SIZES = [1, 2, 255, 256, 257, 511, 512, 700, 256 * 256, 256 * 256 + 300]
  const log = publish(Math.max(...SIZES))

  it.each(SIZES)('has the root of the tree at size %i', async (size) => {
    expect(toHex(await rootFromTiles(log.source, BigInt(size)))).toBe(toHex(log.root(size)))
  })

  it('proves every entry and every older size', async () => {
    for (const size of SIZES) {
      for (const at of new Set([0, 1, size >> 1, size - 1])) {
        if (at >= size) continue
        const proof = await withTileNodes(log.source, BigInt(size), (node) => inclusionProof(BigInt(at), BigInt(size), node))
        const claim = { index: BigInt(at), size: BigInt(size), leafHash: leafHash(u64(BigInt(at))), proof, root: log.root(size) }
        expect(verifyInclusion(claim)).toBe(true)
        if (at === 0) continue
        const older = await withTileNodes(log.source, BigInt(size), (node) => consistencyProof(BigInt(at), BigInt(size), node))
        expect(verifyConsistency({ oldSize: BigInt(at), newSize: BigInt(size), oldRoot: log.root(at), newRoot: log.root(size), proof: older })).toBe(
          true,
        )
      }
    }
  })

  it('gives the entries of a bundle, and names the one that is not the tree’s', async () => {
    const { entries } = await readEntryBundle(log.source, 700n, 2n)
    expect(entries.map(toHex)).toEqual(Array.from({ length: 700 - 512 }, (_, at) => toHex(u64(BigInt(512 + at)))))
    const forged: TileSource = {
      ...log.source,
      tile: async (name) => {
        const bytes = await log.source.tile(name)
        return name.kind === 'entries' ? flipBit(bytes, bytes.length - 1) : bytes
      },
    }
    await expect(readEntryBundle(forged, 700n, 2n)).rejects.toThrow('entry 699 is not the one in the tree')
  })

  it('refuses a tile of another length, and what is outside of the tree', async () => {
    const short: TileSource = { ...log.source, tile: async (name) => (await log.source.tile(name)).slice(1) }
    await expect(rootFromTiles(short, 700n)).rejects.toThrow('want 2 hashes')
    await expect(readEntryBundle(log.source, 512n, 2n)).rejects.toThrow('the tree has 512 entries')
    await expect(withTileNodes(log.source, 4n, (node) => node(0, 4n))).rejects.toThrow('node 4 at height 0 is not in a tree of 4')
  })
})

/** Every hash of the tree by level, and tiles cut out of it as they are asked for. */
function publish(size: number): { source: TileSource; root(at: number): Uint8Array } {
  const tree = GrowingTree.empty()
  const levels: Uint8Array[][] = [[], [], []]
  for (let index = 0; index < size; index++) {
    levels[0]?.push(leafHash(u64(BigInt(index))))
    for (const { level, root } of tree.append(u64(BigInt(index)))) levels[level + 1]?.push(root)
  }
  const source: TileSource = {
    checkpoint: () => Promise.reject(new Error('none was signed')),
    tile: async (name) => {
      const start = Number(name.number) * 256
      if (name.kind === 'entries') return encodeEntryBundle(Array.from({ length: name.width }, (_, at) => u64(BigInt(start + at))))
      return concatBytes(...(levels[name.level] ?? []).slice(start, start + name.width))
    },
  }
  const small = GrowingTree.empty()
  const roots: Uint8Array[] = [small.root()]
  for (let index = 0; index < size; index++) {
    small.append(u64(BigInt(index)))
    roots.push(small.root())
  }
  return { source, root: (at) => roots[at] as Uint8Array }
}
