/** Removes partial tiles that nobody needs any more (c2sp.org/tlog-tiles, Partial Tiles): their full tile is there, and has been for a while. */
import { lstat, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TILE_HEIGHT, TILE_WIDTH, type TileName, tilePath } from '#tlog'

/**
 * A partial tile goes once its full one was covered by the checkpoint that was published before this one, and is older than an hour: who
 * read an old checkpoint had that long to fetch what it needs, and finds the full tile from then on. Looked at only when a tile was filled.
 * How many folders of partial tiles were removed.
 */
export async function removeSuperseded(root: string, before: bigint, size: bigint): Promise<number> {
  if (before >> BigInt(TILE_HEIGHT) === size >> BigInt(TILE_HEIGHT)) return 0
  let removed = 0
  for (const folder of foldersAtEdge(before, size)) {
    for (const name of await readdir(join(root, folder.path)).catch(() => [])) {
      const number = folder.first + BigInt(/^([0-9]{3})\.p$/.exec(name)?.[1] ?? NOT_A_TILE)
      if (number < folder.first || number >= folder.end) continue
      const full = await lstat(join(root, folder.path, name.slice(0, 3))).catch(() => undefined)
      if (full?.isFile() !== true || Date.now() - full.mtimeMs < GRACE_MS) continue
      await rm(join(root, folder.path, name), { recursive: true, force: true })
      removed++
    }
  }
  return removed
}

interface EdgeFolder {
  readonly path: string
  /** Number of its tile `000`. */
  readonly first: bigint
  /** Tiles before this one were full in the tree that was published before. */
  readonly end: bigint
}

/** A thousand tiles share a folder. Partial tiles are where an edge was: in the folder of the old edge, of the new one, or the one before. */
function foldersAtEdge(before: bigint, size: bigint): EdgeFolder[] {
  const folders = new Map<string, EdgeFolder>()
  for (let level = 0; size >> BigInt(level * TILE_HEIGHT) > 0n; level++) {
    const [oldEdge, newEdge] = [before, size].map((edge) => edge >> BigInt((level + 1) * TILE_HEIGHT)) as [bigint, bigint]
    for (const thousand of [oldEdge / 1000n, newEdge / 1000n, newEdge / 1000n - 1n]) {
      if (thousand < 0n) continue
      const first = thousand * 1000n
      const names: TileName[] = [{ kind: 'hashes', level, number: first, width: TILE_WIDTH }]
      if (level === 0) names.push({ kind: 'entries', number: first, width: TILE_WIDTH })
      for (const path of names.map((name) => dirname(tilePath(name)))) folders.set(path, { path, first, end: oldEdge })
    }
  }
  return [...folders.values()]
}

const GRACE_MS = 3_600_000
const NOT_A_TILE = -1
