/** The steps of an inclusion proof with what each sibling stands for, to draw them (RFC 9162 §2.1.3). */
import { toHex } from '#core'
import { nodeHash, splitPoint } from '#tlog'
import type { ProofStep } from './judgement.ts'

/** From the leaf up; `proof` is one that was verified. */
export function proofPath(index: bigint, size: bigint, leaf: Uint8Array, proof: readonly Uint8Array[]): ProofStep[] {
  const ranges: { side: 'left' | 'right'; from: bigint; to: bigint }[] = []
  for (let from = 0n, to = size; to - from > 1n; ) {
    const middle = from + splitPoint(to - from)
    if (index < middle) {
      ranges.unshift({ side: 'right', from: middle, to })
      to = middle
    } else {
      ranges.unshift({ side: 'left', from, to: middle })
      from = middle
    }
  }
  let hash = leaf
  return ranges.map(({ side, from, to }, at) => {
    const sibling = proof[at] ?? new Uint8Array()
    hash = side === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
    return { side, sibling: toHex(sibling), from: String(from), to: String(to), parent: toHex(hash) }
  })
}
