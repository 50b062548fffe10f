/** The leaves before one, from its inclusion proof, and hashing on from there: judged by the growing tree, whose vectors are others'. */
import { expect, it } from 'vitest'
import { utf8 } from '#core'
import { CompactRange, GrowingTree, inclusionProof, leafHash } from '#tlog'

const LEAVES = Array.from({ length: 70 }, (_, at) => leafHash(utf8(`leaf ${at}`)))

function treeOf(size: number): GrowingTree {
  const tree = GrowingTree.empty()
  for (const hash of LEAVES.slice(0, size)) tree.appendHash(hash)
  return tree
}

it('has the root of the tree of every size', () => {
  const range = CompactRange.empty()
  expect(range.root()).toBeUndefined()
  for (let size = 1; size <= LEAVES.length; size++) {
    range.append(LEAVES[size - 1] as Uint8Array)
    expect(range.root()).toEqual(treeOf(size).root())
  }
})

it('is read from the inclusion proof of the next leaf, in a tree of any size', () => {
  for (let size = 1; size <= LEAVES.length; size++) {
    const reader = treeOf(size).reader(() => {
      throw new Error('a tree of 70 leaves has no full tile')
    })
    const expected = CompactRange.empty()
    for (let index = 0; index < size; index++) {
      const range = CompactRange.before(BigInt(index), BigInt(size), inclusionProof(BigInt(index), BigInt(size), reader))
      expect(range.equals(expected)).toBe(true)
      expect(range.root()).toEqual(index === 0 ? undefined : treeOf(index).root())
      expected.append(LEAVES[index] as Uint8Array)
      expect(range.equals(expected)).toBe(false)
    }
  }
})

it('refuses a proof that is too short', () => {
  expect(() => CompactRange.before(6n, 7n, [])).toThrow('the proof of leaf 6 has 0 hashes')
})
