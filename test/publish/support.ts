/** A log that grows, and the judge of a directory that it was published to: a reader who believes nothing but the log's keys. */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { equalBytes } from '#core'
import { openTileSource } from '#tilesources'
import { decodeEntryBundle, type LogVerifierKey, openCheckpoint, readEntryBundle, rootFromTiles } from '#tlog'
import { type OpenLog, outcome } from '../audit/support.ts'
import { nobleVerifier } from '../support/software-log.ts'

/** All that a reader knows of a log beforehand. */
export interface LogKeys {
  readonly keys: readonly LogVerifierKey[]
}

/** Makes the log larger by so many entries; the last one is covered by a checkpoint. */
export async function grow(log: OpenLog, entries: number): Promise<void> {
  for (let left = entries; left > 0; left -= MOST_AT_ONCE) await append(log, Math.min(left, MOST_AT_ONCE))
}

async function append({ audit }: OpenLog, entries: number): Promise<void> {
  const uncovered = Array.from({ length: entries - 1 }, () => audit.append(outcome()))
  await Promise.all([...uncovered, audit.complete(outcome())])
}

/** Reads everything that the checkpoint covers; throws unless all of it is there and is what the log's keys signed. */
export async function judge(place: string, log: LogKeys): Promise<bigint> {
  const source = openTileSource(place)
  const { size, root } = openCheckpoint(await source.checkpoint(), log.keys, nobleVerifier)
  if (!equalBytes(await rootFromTiles(source, size), root)) throw new Error(`the tiles do not have the root at ${size}`)
  for (let number = 0n; number * 256n < size; number++) await readEntryBundle(source, size, number)
  return size
}

/** Paths of the log's files, without those of the publisher. */
export function filesIn(directory: string): string[] {
  const all = readdirSync(directory, { recursive: true }) as string[]
  return all.filter((path) => !path.startsWith('.publish') && lstatSync(join(directory, path)).isFile()).sort()
}

/** What a reader needs first: the entries at the right edge. */
export async function lastEntries(place: string, log: LogKeys): Promise<number> {
  const source = openTileSource(place)
  const { size, root } = openCheckpoint(await source.checkpoint(), log.keys, nobleVerifier)
  if (!equalBytes(await rootFromTiles(source, size), root)) throw new Error(`the tiles do not have the root at ${size}`)
  const number = (size - 1n) / 256n
  const width = Number(size - number * 256n)
  decodeEntryBundle(await source.tile({ kind: 'entries', number, width }), width)
  return Number(size)
}

/** Fewer than may wait for the log. */
const MOST_AT_ONCE = 2000
