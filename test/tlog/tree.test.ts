/** The growing tree and its proofs, judged by the recursive definition of RFC 9162 §2.1.1 written out with node:crypto. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex, u64 } from '#core'
import {
  consistencyProof,
  GrowingTree,
  inclusionProof,
  leafHash,
  type NodeReader,
  rootOf,
  TILE_WIDTH,
  type Tile,
  tileNode,
  tileOf,
  verifyConsistency,
  verifyInclusion,
} from '#tlog'
import { flipBit } from '../support/hostile.ts'

const sha256 = (...parts: Uint8Array[]): Uint8Array => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const leafAt = (index: number): Uint8Array => u64(BigInt(index))

/** RFC 9162 §2.1.1, word for word; slow. */
function merkleTreeHash(start: number, end: number): Uint8Array {
  if (end - start === 0) return sha256(new Uint8Array())
  if (end - start === 1) return sha256(Uint8Array.of(0), leafAt(start))
  let k = 1
  while (k * 2 < end - start) k *= 2
  return sha256(Uint8Array.of(1), merkleTreeHash(start, start + k), merkleTreeHash(start + k, end))
}

function grow(size: number): { tree: GrowingTree; tiles: Tile[]; node: NodeReader } {
  const tree = GrowingTree.empty()
  const tiles: Tile[] = []
  for (let index = 0; index < size; index++) tiles.push(...tree.append(leafAt(index)))
  const byName = new Map(tiles.map((tile) => [`${tile.level}/${tile.number}`, tile]))
  const node = tree.reader((height, index) => {
    const place = tileOf(height, index)
    const tile = byName.get(`${place.level}/${place.number}`)
    if (tile === undefined) throw new Error(`no tile ${place.level}/${place.number}`)
    return tileNode(tile.hashes, place.height, place.index)
  })
  return { tree, tiles, node }
}

describe('the growing tree', () => {
  it('has the root of the definition at every size to 530, across two tile edges', () => {
    const tree = GrowingTree.empty()
    expect(toHex(tree.root())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855') // SHA-256 of nothing
    for (let size = 1; size <= 530; size++) {
      tree.append(leafAt(size - 1))
      expect(toHex(tree.root())).toBe(toHex(merkleTreeHash(0, size)))
    }
  })

  it('emits full tiles of 256 hashes, and a tile of the next level after 256 of them', () => {
    const { tree, tiles } = grow(TILE_WIDTH * TILE_WIDTH + 3)
    expect(tiles.filter(({ level }) => level === 0).map(({ number }) => Number(number))).toEqual([...Array(TILE_WIDTH).keys()])
    const upper = tiles.filter(({ level }) => level === 1)
    expect(upper.map(({ number }) => number)).toEqual([0n])
    expect(toHex(upper[0]?.root as Uint8Array)).toBe(toHex(merkleTreeHash(0, TILE_WIDTH * TILE_WIDTH)))
    expect(toHex(tree.root())).toBe(toHex(merkleTreeHash(0, TILE_WIDTH * TILE_WIDTH + 3)))
  })

  it('is the same when restored from leaves and tile roots', () => {
    for (const size of [0, 1, 255, 256, 257, 700, 65_536, 66_000]) {
      const { tree, tiles } = grow(size)
      const restored = GrowingTree.restore(BigInt(size), (level, count) => {
        if (level === 0) return Array.from({ length: count }, (_, at) => leafHash(leafAt(size - count + at)))
        const below = tiles.filter((tile) => tile.level === level - 1)
        return below.slice(below.length - count).map(({ root }) => root)
      })
      expect(toHex(restored.root())).toBe(toHex(tree.root()))
      restored.append(leafAt(size))
      expect(toHex(restored.root())).toBe(toHex(merkleTreeHash(0, size + 1)))
    }
  })

  it('leaves the original alone when a clone grows', () => {
    const { tree } = grow(300)
    const root = toHex(tree.root())
    const copy = tree.clone()
    for (let index = 0; index < 300; index++) copy.append(leafAt(index))
    expect(tree.size).toBe(300n)
    expect(toHex(tree.root())).toBe(root)
  })
})

describe('proofs', () => {
  const { node } = grow(1100)
  const roots = new Map<number, Uint8Array>()
  const rootAt = (size: number): Uint8Array => {
    const root = roots.get(size) ?? rootOf(BigInt(size), node)
    roots.set(size, root)
    return root
  }
  const sizes = fc.integer({ min: 1, max: 1100 })

  it('proves every leaf that it contains and no other', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, seed, other) => {
        const index = seed % size
        const proof = inclusionProof(BigInt(index), BigInt(size), node)
        const claim = { index: BigInt(index), size: BigInt(size), leafHash: leafHash(leafAt(index)), proof, root: rootAt(size) }
        expect(verifyInclusion(claim)).toBe(true)
        expect(verifyInclusion({ ...claim, leafHash: leafHash(leafAt(index + 1)) })).toBe(false)
        expect(verifyInclusion({ ...claim, root: flipBit(claim.root, other % 32) })).toBe(false)
        expect(verifyInclusion({ ...claim, proof: [...proof, claim.root] })).toBe(false)
        const spoilt = proof.length === 0 ? [] : [proof.slice(1), proof.with(other % proof.length, claim.root)]
        expect(spoilt.some((hashes) => verifyInclusion({ ...claim, proof: hashes }))).toBe(false)
      }),
    )
  })

  it('proves that an older tree is a prefix, and no other tree', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (newSize, seed, other) => {
        const oldSize = (seed % newSize) + 1
        const proof = consistencyProof(BigInt(oldSize), BigInt(newSize), node)
        const claim = { oldSize: BigInt(oldSize), newSize: BigInt(newSize), oldRoot: rootAt(oldSize), newRoot: rootAt(newSize), proof }
        expect(verifyConsistency(claim)).toBe(true)
        expect(verifyConsistency({ ...claim, oldRoot: flipBit(claim.oldRoot, other % 32) })).toBe(false)
        expect(verifyConsistency({ ...claim, newRoot: flipBit(claim.newRoot, other % 32) })).toBe(false)
        expect(verifyConsistency({ ...claim, oldSize: 0n })).toBe(false)
        expect(verifyConsistency({ ...claim, proof: [...proof, claim.newRoot] })).toBe(false)
        const spoilt = proof.length === 0 ? [] : [proof.slice(1), proof.with(other % proof.length, new Uint8Array(32))]
        expect(spoilt.some((hashes) => verifyConsistency({ ...claim, proof: hashes }))).toBe(false)
      }),
    )
  })

  it('refuses to prove what the tree does not have', () => {
    expect(() => inclusionProof(5n, 5n, node)).toThrow('leaf index is 5, want 0 to 4')
    expect(() => consistencyProof(0n, 5n, node)).toThrow('old tree size is 0, want 1 to 5')
    expect(() => consistencyProof(6n, 5n, node)).toThrow('old tree size is 6, want 1 to 5')
  })
})
