/** What two views of a log say of each other: the same, one ahead of the other, or two histories, and then from which entry on. */
import { equalBytes, SealstoneError } from '#core'
import { decodeCheckpoint, parseNote, type TileSource } from '#tlog'
import { compareCheckpoints, provenPrefix } from './compare-checkpoints.ts'
import { type ForkProof, joins } from './evidence.ts'
import { readProvenEntry } from './prove.ts'
import { type KnownLog, openSigned, type SignedCheckpoint } from './signed-checkpoint.ts'

/** A checkpoint that somebody has, and where its tiles are if they are published. */
export interface LogView {
  readonly note: string
  readonly source?: TileSource
  /** What a monitor kept of a fork, with this checkpoint as the newer one. */
  readonly fork?: ForkProof
}

export type LogDifference =
  | { readonly kind: 'other-log'; readonly origins: readonly [a: string, b: string] }
  | { readonly kind: 'same'; readonly size: bigint }
  /** All entries of the one are the first of the other. */
  | { readonly kind: 'ahead'; readonly ahead: 'a' | 'b'; readonly by: bigint; readonly sizes: readonly [a: bigint, b: bigint] }
  | {
      readonly kind: 'forked'
      readonly sizes: readonly [a: bigint, b: bigint]
      /** Absent where the tiles of only one of them are there. */
      readonly first?: { readonly index: bigint; readonly a: Uint8Array; readonly b: Uint8Array }
    }

/**
 * Both checkpoints must be signed by the trusted log keys: then one log said both.
 * Throws VERIFICATION_FAILED where a view is not what the keys signed, INPUT_INVALID where nothing connects two sizes, and what the sources throw.
 */
export async function diffLogs(a: LogView, b: LogView, log: KnownLog): Promise<LogDifference> {
  const origins = [originOf(a), originOf(b)] as const
  if (origins[0] !== origins[1]) return { kind: 'other-log', origins }
  const left = { ...a, signed: openSigned(a.note, log) }
  const right = { ...b, signed: openSigned(b.note, log) }
  const sizes = [left.signed.size, right.signed.size] as const
  const [older, newer] = sizes[0] <= sizes[1] ? [left, right] : [right, left]
  if (newer.fork !== undefined && joins(newer.fork, older.signed, newer.signed) && !equalBytes(newer.fork.otherRoot, older.signed.root))
    return { kind: 'forked', sizes }
  // Of the same size the roots decide, and nothing has to be read.
  const source = newer.source ?? (older.signed.size === newer.signed.size ? NO_TILES : undefined)
  if (source === undefined) {
    throw new SealstoneError(
      'INPUT_INVALID',
      `nothing shows whether the tree of ${newer.signed.size} entries continues that of ${older.signed.size}`,
      {
        hint: 'name the published log that has the larger one: its URL or directory',
      },
    )
  }
  const relation = await compareCheckpoints(older.signed, newer.signed, source)
  switch (relation.kind) {
    case 'same':
      return { kind: 'same', size: sizes[0] }
    case 'extended':
      return { kind: 'ahead', ahead: newer === left ? 'a' : 'b', by: newer.signed.size - older.signed.size, sizes }
    case 'forked': {
      const { source: leftTiles } = left
      const { source: rightTiles } = right
      if (leftTiles === undefined || rightTiles === undefined) return { kind: 'forked', sizes }
      return { kind: 'forked', sizes, first: await findFirst({ ...left, source: leftTiles }, { ...right, source: rightTiles }) }
    }
  }
}

interface SignedView {
  readonly signed: SignedCheckpoint
  readonly source: TileSource
}

/** By bisection: the trees share a prefix, and then never again. Each root is proven to be in the signed tree that it is taken from. */
async function findFirst(a: SignedView, b: SignedView): Promise<{ index: bigint; a: Uint8Array; b: Uint8Array }> {
  let same = 0n
  let differs = a.signed.size < b.signed.size ? a.signed.size : b.signed.size
  while (differs - same > 1n) {
    const middle = (same + differs) / 2n
    const [left, right] = await Promise.all([rootAt(a, middle), rootAt(b, middle)])
    if (equalBytes(left, right)) same = middle
    else differs = middle
  }
  const [left, right] = await Promise.all([readProvenEntry(a.source, a.signed, same), readProvenEntry(b.source, b.signed, same)])
  return { index: same, a: left.leaf, b: right.leaf }
}

async function rootAt({ signed, source }: SignedView, size: bigint): Promise<Uint8Array> {
  return size === signed.size ? signed.root : (await provenPrefix(source, signed, size)).root
}

function originOf({ note }: LogView): string {
  return decodeCheckpoint(parseNote(note).text).origin
}

const NO_TILES: TileSource = {
  checkpoint: () => Promise.reject(new SealstoneError('INTERNAL', 'a checkpoint alone was asked for another one')),
  tile: () => Promise.reject(new SealstoneError('INTERNAL', 'a checkpoint alone was asked for tiles')),
}
