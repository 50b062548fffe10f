/** One batch of entries: who waits for it, what it would make of the tree, and what each of them gets. Stored nowhere yet. */
import { formatTlogProof, type GrowingTree, inclusionProof, type NewLeaf, type NodeReader, type Receipt, type Tile, type WrittenLeaf } from '#tlog'
import type { StagedLeaf, StoredAnswer } from './store.ts'

export interface AnswerRequest {
  /** Caller, NUL, idempotency key. */
  readonly key: string
  /** Tells a repeated request from another one under the same key. */
  readonly requestDigest: string
  /** Runs while the checkpoint is signed. What it throws keeps this leaf, and no other, out of the log. */
  check?(): void
  /** Builds the answer around the receipt; must be quick, it runs while the batch waits. */
  build(receipt: Receipt): Uint8Array
}

export interface Submission {
  /** Absent: only a checkpoint is wanted. */
  readonly leaf?: WrittenLeaf & { readonly value: NewLeaf /** Milliseconds since 1970. */; readonly time: number }
  /** The result must be covered by a checkpoint that is committed with it. */
  readonly covered: boolean
  readonly answer?: AnswerRequest
}

export interface Committed {
  /** Of the leaf; for a submission without one, the size of the log. */
  readonly index: bigint
  readonly receipt?: Receipt
  readonly answer?: Uint8Array
}

export interface Waiter extends Submission {
  resolve(committed: Committed): void
  reject(error: unknown): void
}

export interface Staged {
  readonly tree: GrowingTree
  readonly leaves: readonly (StagedLeaf | undefined)[]
  readonly tiles: readonly Tile[]
}

/** The first of the batch whose own check fails. */
export function findFault(waiting: readonly Waiter[]): { at: number; error: unknown } | undefined {
  for (const [at, { answer }] of waiting.entries()) {
    try {
      answer?.check?.()
    } catch (error) {
      return { at, error }
    }
  }
  return undefined
}

export function stage(tree: GrowingTree, waiting: readonly Waiter[]): Staged {
  const tiles: Tile[] = []
  const leaves = waiting.map(({ leaf }) => {
    if (leaf === undefined) return undefined
    const index = tree.size
    tiles.push(...tree.appendHash(leaf.hash))
    return { index, leaf: leaf.value, time: leaf.time, bytes: leaf.bytes }
  })
  return { tree, leaves, tiles }
}

interface CoveringTree {
  readonly size: bigint
  readonly checkpoint: string | undefined
  readonly node: NodeReader
}

export function release(
  waiter: Waiter,
  staged: StagedLeaf | undefined,
  { size, checkpoint, node }: CoveringTree,
  answers: StoredAnswer[],
): Committed {
  if (staged === undefined) return { index: size }
  const { index, bytes } = staged
  if (!waiter.covered || checkpoint === undefined) return { index }
  const receipt: Receipt = { leaf: bytes, proof: formatTlogProof({ index, hashes: inclusionProof(index, size, node), checkpoint }) }
  if (waiter.answer === undefined) return { index, receipt }
  const answer = waiter.answer.build(receipt)
  answers.push({ key: waiter.answer.key, requestDigest: waiter.answer.requestDigest, answer })
  return { index, receipt, answer }
}
