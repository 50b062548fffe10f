/** RFC 9162 proofs of transparency-dev/merkle: every case must come out as it says. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromBase64, fromHex, toBase64 } from '#core'
import { GrowingTree, verifyConsistency, verifyInclusion } from '#tlog'

interface InclusionCase {
  /** Up to 2^64 - 1, so it is read as a bigint from its digits. */
  leafIdx: bigint
  treeSize: number
  root: string
  leafHash: string
  proof: string[] | null
  wantErr: boolean
}

interface ConsistencyCase {
  size1: number
  size2: number
  root1: string
  root2: string
  proof: string[] | null
  wantErr: boolean
}

function load<Case>(name: string): [string, Case][] {
  const text = readFileSync(new URL(`../vectors/merkle/${name}.json`, import.meta.url), 'utf8')
  const exact = text.replaceAll(/"leafIdx": (\d+)/g, '"leafIdx": "$1"')
  const cases = JSON.parse(exact, (member, value: unknown) => (member === 'leafIdx' ? BigInt(value as string) : value)) as Record<string, Case>
  return Object.entries(cases)
}

const inclusion = load<InclusionCase>('inclusion')
const consistency = load<ConsistencyCase>('consistency')

describe(`inclusion proofs, ${inclusion.length} cases`, () => {
  it('has all 98, and both outcomes', () => {
    expect(inclusion).toHaveLength(98)
    expect(inclusion.filter(([, { wantErr }]) => !wantErr)).toHaveLength(6)
  })

  it.each(inclusion)('%s', (_name, { leafIdx, treeSize, root, leafHash, proof, wantErr }) => {
    const claim = {
      index: leafIdx,
      size: BigInt(treeSize),
      leafHash: fromBase64(leafHash),
      proof: (proof ?? []).map(fromBase64),
      root: fromBase64(root),
    }
    expect(verifyInclusion(claim)).toBe(!wantErr)
  })
})

describe(`consistency proofs, ${consistency.length} cases`, () => {
  it('has all 98, and both outcomes', () => {
    expect(consistency).toHaveLength(98)
    expect(consistency.filter(([, { wantErr }]) => !wantErr)).toHaveLength(6)
  })

  it.each(consistency)('%s', (_name, { size1, size2, root1, root2, proof, wantErr }) => {
    const claim = {
      oldSize: BigInt(size1),
      newSize: BigInt(size2),
      oldRoot: fromBase64(root1),
      newRoot: fromBase64(root2),
      proof: (proof ?? []).map(fromBase64),
    }
    expect(verifyConsistency(claim)).toBe(!wantErr)
  })
})

it('reaches the roots of the vectors with the leaves that they were made from', () => {
  // transparency-dev/merkle testonly.LeafInputs
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) => fromHex(hex))
  const tree = GrowingTree.empty()
  const roots = leaves.map((leaf) => {
    tree.append(leaf)
    return toBase64(tree.root())
  })
  const happy = consistency
    .filter(([name]) => name.endsWith('/happy-path.json'))
    .map(([, { size1, size2, root1, root2 }]) => ({ size1, size2, root1, root2 }))
  expect(happy.length).toBeGreaterThan(3)
  for (const { size1, size2, root1, root2 } of happy) {
    expect(roots[size1 - 1]).toBe(root1)
    expect(roots[size2 - 1]).toBe(root2)
  }
})
