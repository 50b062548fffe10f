/** How a log lies in files (c2sp.org/tlog-tiles): paths of tiles and entry bundles, and the bundles' bytes. */
import { concatBytes, excerpt, SealstoneError } from '#core'
import { TILE_HEIGHT, TILE_WIDTH } from './growing-tree.ts'
import { HASH_BYTES } from './merkle.ts'

/** `width` counts hashes or entries: `TILE_WIDTH` in a full tile, fewer at the right edge of the tree. */
export type TileName =
  | { readonly kind: 'hashes'; readonly level: number; readonly number: bigint; readonly width: number }
  | { readonly kind: 'entries'; readonly number: bigint; readonly width: number }

/** `tile/0/x001/067`, `tile/1/000.p/5`, `tile/entries/000`. */
export function tilePath(name: TileName): string {
  const level = name.kind === 'entries' ? 'entries' : String(name.level)
  return `tile/${level}/${groups(name.number)}${name.width === TILE_WIDTH ? '' : `.p/${name.width}`}`
}

/** Undefined for whatever is no path of a tile in its one canonical form. */
export function parseTilePath(path: string): TileName | undefined {
  const [, level, leading, last, partial] = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5})([0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path) ?? []
  if (level === undefined || leading === undefined || last === undefined) return undefined
  const number = BigInt(leading.replaceAll(/[x/]/g, '') + last)
  const width = partial === undefined ? TILE_WIDTH : Number(partial)
  if (width < 1 || (partial !== undefined && width >= TILE_WIDTH)) return undefined
  const name: TileName = level === 'entries' ? { kind: 'entries', number, width } : { kind: 'hashes', level: Number(level), number, width }
  const isCanonical = (name.kind === 'entries' || name.level <= MAX_LEVEL) && tilePath(name) === path
  return isCanonical ? name : undefined
}

/** How wide a tile is in a tree of `size` leaves; 0 if the tree does not reach it. */
export function tileWidth(size: bigint, level: number, number: bigint): number {
  const hashes = size >> BigInt(level * TILE_HEIGHT)
  const left = hashes - number * BigInt(TILE_WIDTH)
  return left <= 0n ? 0 : left < BigInt(TILE_WIDTH) ? Number(left) : TILE_WIDTH
}

/** A big-endian u16 length before each entry. Throws INPUT_TOO_LARGE for an entry over 65,535 bytes. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    ...entries.flatMap((entry) => {
      if (entry.length > MAX_ENTRY_BYTES)
        throw new SealstoneError('INPUT_TOO_LARGE', `entry is ${entry.length} bytes, want at most ${MAX_ENTRY_BYTES}`)
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]
    }),
  )
}

/** Exactly `width` entries and nothing behind them. Throws FORMAT_INVALID. */
export function decodeEntryBundle(bundle: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bundle.length && entries.length < width) {
    const length = ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0)
    const end = at + 2 + length
    if (end > bundle.length) throw invalid(`entry bundle ends in the middle of its entry ${entries.length}`)
    entries.push(bundle.slice(at + 2, end))
    at = end
  }
  if (entries.length !== width || at !== bundle.length) {
    throw invalid(`entry bundle has ${entries.length} entries and ${bundle.length - at} bytes behind them, want ${width} entries`)
  }
  return entries
}

/** Throws FORMAT_INVALID unless the bytes are `width` hashes. */
export function checkHashTile(hashes: Uint8Array, width: number): Uint8Array {
  if (hashes.length !== width * HASH_BYTES) throw invalid(`tile is ${hashes.length} bytes, want ${width} hashes of ${HASH_BYTES} bytes`)
  return hashes
}

/** c2sp.org/tlog-tiles: groups of three digits, all but the last with an `x` before them. */
function groups(number: bigint): string {
  if (number < 0n) throw new SealstoneError('INPUT_INVALID', `tile number is ${excerpt(String(number))}, want 0 or more`)
  const digits = String(number)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const parts = padded.match(/.{3}/g) ?? []
  return parts.map((part, at) => (at === parts.length - 1 ? part : `x${part}`)).join('/')
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', message)
}

/** c2sp.org/tlog-tiles: levels go from 0 to 5, enough for 2^48 leaves. */
const MAX_LEVEL = 5
const MAX_ENTRY_BYTES = 65_535
