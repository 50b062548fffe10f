/** Writes zip files as nobody should: every field can lie. APPNOTE §4.3. Good ones are made by other people's programs. */
import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntryInput {
  readonly name: string
  readonly data?: Uint8Array | string
  readonly method?: 0 | 8 | 99
  readonly flags?: number
  /** Default: that of the data. */
  readonly crc?: number
  /** Of the local header. */
  readonly localName?: string
  readonly unpackedSize?: number
  /** Packed and unpacked, as the local header says. */
  readonly localSize?: number
  readonly localFlags?: number
  /** Extra fields, in both headers. */
  readonly extra?: Uint8Array
  /** st_mode; the entry was made under Unix then. */
  readonly mode?: number
  /** Bytes before its local header that belong to nobody. */
  readonly gap?: Uint8Array
  /** The central directory says that it is where that one is. */
  readonly at?: number
  /** It has no bytes of its own: the central directory says that it is here, inside of another. */
  readonly inside?: number
}

export function writeZip(
  entries: readonly ZipEntryInput[],
  {
    comment = '',
    count = entries.length,
    before = new Uint8Array(),
    after = new Uint8Array(),
  }: {
    readonly comment?: string
    readonly count?: number
    /** Bytes before and after the directory. */
    readonly before?: Uint8Array
    readonly after?: Uint8Array
  } = {},
): Buffer {
  const parts: Buffer[] = []
  const offsets: number[] = []
  let offset = 0
  const push = (...more: readonly Uint8Array[]): void => {
    for (const part of more) {
      parts.push(Buffer.from(part))
      offset += part.length
    }
  }
  const prepared = entries.map((entry) => {
    const { name, data = '', method = 8, flags = 0x800, unpackedSize } = entry
    const plain = Buffer.from(data)
    const packed = method === 8 ? deflateRawSync(plain, { level: 9 }) : plain
    return { ...entry, name: Buffer.from(name), method, flags, packed, crc: entry.crc ?? crc32(plain), size: unpackedSize ?? plain.length }
  })
  for (const { name, localName, method, flags, packed, crc, size, gap = new Uint8Array(), inside, ...more } of prepared) {
    const { localFlags = flags, localSize, extra = new Uint8Array() } = more
    push(gap)
    offsets.push(inside ?? offset)
    if (inside !== undefined) continue
    const local = localName === undefined ? name : Buffer.from(localName)
    push(
      fields([4, 0x04034b50], [2, 20], [2, localFlags], [2, method], [4, 0], [4, crc]),
      fields([4, localSize ?? packed.length], [4, localSize ?? size], [2, local.length], [2, extra.length]),
      local,
      extra,
      packed,
    )
  }
  push(before)
  const start = offset
  for (const [number, { name, method, flags, packed, crc, size, mode, at, extra = new Uint8Array() }] of prepared.entries()) {
    const madeBy = mode === undefined ? 20 : (3 << 8) | 20
    push(fields([4, 0x02014b50], [2, madeBy], [2, 20], [2, flags], [2, method], [4, 0], [4, crc], [4, packed.length], [4, size], [2, name.length]))
    push(fields([2, extra.length], [2, 0], [2, 0], [2, 0], [4, ((mode ?? 0) << 16) >>> 0], [4, offsets[at ?? number] ?? 0]), name, extra)
  }
  const length = offset - start
  push(after)
  push(fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, length], [4, start], [2, comment.length]), Buffer.from(comment))
  return Buffer.concat(parts)
}

function fields(...values: readonly (readonly [bytes: 2 | 4, value: number])[]): Buffer {
  return Buffer.concat(
    values.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes)
      field.writeUIntLE(value, 0, bytes)
      return field
    }),
  )
}
