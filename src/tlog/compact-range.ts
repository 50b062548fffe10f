/** The leaves from the first one on, as the roots of complete subtrees: what is needed to go on hashing from there, and no more. */
import { equalBytes, SealstoneError } from '#core'
import { nodeHash } from './merkle.ts'

export class CompactRange {
  #size: bigint
  /** At each height the root of the complete subtree, where the size has that bit. */
  readonly #nodes: (Uint8Array | undefined)[]

  private constructor(size: bigint, nodes: (Uint8Array | undefined)[]) {
    this.#size = size
    this.#nodes = nodes
  }

  static empty(): CompactRange {
    return new CompactRange(0n, [])
  }

  /**
   * Of all leaves before one: the siblings on the left of its inclusion proof (RFC 9162 §2.1.3), which are complete subtrees in a tree of any size.
   * The proof must have been verified. Throws FORMAT_INVALID for one that is too short.
   */
  static before(index: bigint, size: bigint, hashes: readonly Uint8Array[]): CompactRange {
    const nodes: (Uint8Array | undefined)[] = []
    let at = 0
    for (let height = 0, leafBits = index, lastBits = size - 1n; leafBits > 0n; height++, leafBits >>= 1n, lastBits >>= 1n) {
      // On the right edge, levels without a sibling are skipped.
      if ((leafBits & 1n) === 0n && leafBits === lastBits) continue
      const hash = hashes[at++]
      if ((leafBits & 1n) === 0n) continue
      if (hash === undefined) throw new SealstoneError('FORMAT_INVALID', `the proof of leaf ${index} has ${hashes.length} hashes, want more`)
      nodes[height] = hash
    }
    return new CompactRange(index, nodes)
  }

  get size(): bigint {
    return this.#size
  }

  append(leafHash: Uint8Array): void {
    let carried = leafHash
    let height = 0
    for (let node = this.#nodes[height]; node !== undefined; node = this.#nodes[++height]) {
      carried = nodeHash(node, carried)
      this.#nodes[height] = undefined
    }
    this.#nodes[height] = carried
    this.#size += 1n
  }

  /** Undefined for no leaves. */
  root(): Uint8Array | undefined {
    return this.#nodes.reduce((right, left) => (left === undefined ? right : right === undefined ? left : nodeHash(left, right)), undefined)
  }

  equals(other: CompactRange): boolean {
    const heights = Math.max(this.#nodes.length, other.#nodes.length)
    return this.#size === other.#size && Array.from({ length: heights }, (_, at) => at).every((at) => sameNode(this.#nodes[at], other.#nodes[at]))
  }
}

function sameNode(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === undefined || right === undefined ? left === right : equalBytes(left, right)
}
