/** The entries of a zip file that nobody trusts: read where every reader must agree on them, else refused. Nothing is unpacked. */
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { excerpt, SealstoneError, UNSAFE_CHARACTERS } from '#core'
import type { OpenArtifact } from './open-artifact.ts'
import { findDirectory, invalid } from './zip-directory.ts'

export interface ZipContent {
  /** Hands out the bytes of a file at the top of the archive. Throws FORMAT_INVALID if there is none, or if it is over `maxBytes`. */
  read(name: string, maxBytes: number): Promise<Uint8Array>
  readonly entries: number
}

/**
 * Throws FORMAT_INVALID for what is no zip file, and for one in which two programs could see different files: names that lead out of it or that a file
 * system takes for one, links, encryption, entries that overlap or hide between others, and sizes beyond the limits of docs/mcp-artifacts.md.
 */
export async function readZip(artifact: OpenArtifact, signal?: AbortSignal): Promise<ZipContent> {
  // The file is ours to close. Names are decoded and checked: no `..`, no absolute path, no backslash. Sizes are checked against what comes.
  const options = { autoClose: false, lazyEntries: true, decodeStrings: true, strictFileNames: true, validateEntrySizes: true } as const
  const zip = await guarded(() => yauzl.fromFdPromise(artifact.descriptor, options))
  if (zip.entryCount > MOST_ENTRIES) throw invalid(`it has ${zip.entryCount} entries, want at most ${MOST_ENTRIES}`)
  const directory = await findDirectory(artifact)
  const names = new Map<string, yauzl.Entry>()
  const ranges: Range[] = []
  let unpacked = 0
  let listed = 0
  await guarded(async () => {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted()
      checkEntry(entry)
      const folded = foldName(entry.fileName)
      if (names.has(folded)) throw invalid(`two entries are named ${excerpt(entry.fileName)}, or a file system could take them for one`)
      names.set(folded, entry)
      unpacked += entry.uncompressedSize
      if (unpacked > MOST_UNPACKED) throw invalid(`unpacked it is over ${MOST_UNPACKED} bytes`)
      ranges.push(await localRange(zip, entry))
      listed += DIRECTORY_ENTRY + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength
    }
  })
  // Some read the directory to its end and do not count.
  if (listed !== directory.end - directory.start) throw invalid(`its directory has entries beyond the ${names.size} that it counts`)
  checkNesting(names)
  checkRanges([...ranges, { start: directory.start, end: directory.end, descriptor: false, name: 'the directory' }])
  return {
    entries: names.size,
    read: async (name, maxBytes) => {
      const entry = names.get(foldName(name))
      if (entry?.fileName !== name) throw invalid(`it has no ${name}`)
      if (entry.uncompressedSize > maxBytes) throw invalid(`${name} is ${entry.uncompressedSize} bytes, want at most ${maxBytes}`)
      return await guarded(() => readEntry(zip, entry, maxBytes))
    },
  }
}

interface Range {
  readonly start: number
  readonly end: number
  /** Whether sizes and checksum may follow the data. */
  readonly descriptor: boolean
  readonly name: string
}

function checkEntry(entry: yauzl.Entry): void {
  const { fileName, fileNameRaw, externalFileAttributes, versionMadeBy, compressedSize, uncompressedSize, compressionMethod } = entry
  if (isFlagged(entry, ENCRYPTED)) throw invalid(`${excerpt(fileName)} is encrypted`)
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
    throw invalid(`${excerpt(fileName)} is compressed by method ${compressionMethod}, want none or deflate`)
  // Who unpacks from front to back finds the end of such data only by what looks like one.
  if (compressionMethod === STORED && isFlagged(entry, DESCRIPTOR) && compressedSize > 0)
    throw invalid(`${excerpt(fileName)} is stored without its size before it`)
  // APPNOTE §4.4.15: the upper half is st_mode where the entry was made under Unix or macOS.
  const type = (externalFileAttributes >>> 16) & 0o170000
  const isUnix = UNIX_HOSTS.has(versionMadeBy >>> 8)
  if (isUnix && type !== 0 && type !== REGULAR && type !== DIRECTORY) throw invalid(`${excerpt(fileName)} is a link or a device`)
  // APPNOTE appendix D: without the flag each program takes a code page of its own.
  if (!isFlagged(entry, UTF8) && fileNameRaw.some((byte) => byte > 0x7e)) throw invalid(`${excerpt(fileName)} does not say that its name is UTF-8`)
  if (hasOtherName(entry.extraFieldRaw, fileNameRaw)) throw invalid(`${excerpt(fileName)} has a second name`)
  checkName(fileName)
  if (fileName.endsWith('/') && uncompressedSize > 0) throw invalid(`${excerpt(fileName)} is a directory with content`)
  if (uncompressedSize > RATIO_FREE && uncompressedSize > compressedSize * MOST_RATIO)
    throw invalid(`${excerpt(fileName)} says that it unpacks to ${uncompressedSize} bytes from ${compressedSize}`)
}

function checkName(fileName: string): void {
  if (fileName === '' || /[\p{Cc}]/u.test(fileName)) throw invalid(`${excerpt(fileName)} is no name of a file`)
  // Windows leaves out dots and spaces at the end of a name, and takes `file.js:stream` for a part of a file.
  if (
    fileName
      .replace(/\/$/, '')
      .split('/')
      .some((part) => part === '' || /[. ]$|:/.test(part))
  )
    throw invalid(`${excerpt(fileName)} is no plain path`)
}

/** One form for all names that some file system takes for the same: HFS+ and APFS fold case and Unicode forms, HFS+ skips what is invisible. */
function foldName(fileName: string): string {
  return fileName.replace(/\/$/, '').replaceAll(UNSAFE_CHARACTERS, '').normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}

/** What is a file is no directory of others. No name has a zero byte: sorted with it in place of the slash, what is inside comes right behind. */
function checkNesting(names: ReadonlyMap<string, yauzl.Entry>): void {
  const sorted = [...names].map(([folded, { fileName }]) => ({ key: folded.replaceAll('/', '\0'), fileName })).toSorted(byKey)
  for (const [at, { key, fileName }] of sorted.entries()) {
    if (!fileName.endsWith('/') && sorted[at + 1]?.key.startsWith(`${key}\0`) === true)
      throw invalid(`${excerpt(fileName)} is a file, and a directory of others`)
  }
}

function byKey(left: { readonly key: string }, right: { readonly key: string }): number {
  return left.key < right.key ? -1 : 1
}

/** The bytes of an entry with its header. What unpacks from front to back reads the local header: it has to say the same. */
async function localRange(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Range> {
  const header = await zip.readLocalFileHeaderPromise(entry)
  const start = entry.relativeOffsetOfLocalHeader
  if (
    !header.fileName.equals(entry.fileNameRaw) ||
    header.compressionMethod !== entry.compressionMethod ||
    hasOtherName(header.extraField, header.fileName)
  )
    throw invalid(`${excerpt(entry.fileName)} has another name or method in its own header`)
  const descriptor = isFlagged(entry, DESCRIPTOR)
  if (FLAGS_OF_BOTH.some((flag) => isFlagged(entry, flag) !== isFlagged(header, flag)) || (!descriptor && !hasSizesOf(header, entry)))
    throw invalid(`${excerpt(entry.fileName)} has other flags, sizes or another checksum in its own header`)
  return { start, end: header.fileDataStart + entry.compressedSize, descriptor, name: entry.fileName }
}

function hasSizesOf(header: yauzl.LocalFileHeader, { crc32: checksum, compressedSize, uncompressedSize }: yauzl.Entry): boolean {
  const sizes = [header.uncompressedSize, header.compressedSize]
  if (sizes.includes(IN_ZIP64)) {
    // APPNOTE §4.5.3: both of them are there in a local header.
    const zip64 = yauzl.parseExtraFields(header.extraField).find(({ id }) => id === ZIP64)?.data
    if (zip64 === undefined || zip64.length < 16) return false
    for (const at of [0, 1]) if (sizes[at] === IN_ZIP64) sizes[at] = Number(zip64.readBigUInt64LE(at * 8))
  }
  return header.crc32 === checksum && sizes[0] === uncompressedSize && sizes[1] === compressedSize
}

/** APPNOTE §4.6.9: behind a version and a checksum, the name once more in UTF-8. */
function hasOtherName(extra: Buffer, name: Buffer): boolean {
  return yauzl.parseExtraFields(extra).some(({ id, data }) => id === UNICODE_PATH && !data.subarray(5).equals(name))
}

function isFlagged({ generalPurposeBitFlag }: Pick<yauzl.Entry, 'generalPurposeBitFlag'>, flag: number): boolean {
  return (generalPurposeBitFlag & flag) !== 0
}

/** One after the other from the first byte to the directory, with room for a data descriptor between and for nothing else. */
function checkRanges(ranges: readonly Range[]): void {
  let before = 0
  let slack = 0
  for (const { start, end, name, descriptor } of ranges.toSorted((left, right) => left.start - right.start)) {
    if (start < before) throw invalid(`${excerpt(name)} overlaps the entry before it`)
    if (start > before + slack) throw invalid(`there are ${start - before} bytes before ${excerpt(name)} that belong to no entry`)
    before = end
    slack = descriptor ? DATA_DESCRIPTOR : 0
  }
}

async function readEntry(zip: yauzl.ZipFile, entry: yauzl.Entry, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maxBytes) throw invalid(`${excerpt(entry.fileName)} is over ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  if (crc32(bytes) !== entry.crc32) throw invalid(`${excerpt(entry.fileName)} does not have its checksum`)
  return bytes
}

/** What the library says of a file is about the file. */
async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof SealstoneError || (thrown as Error).name === 'AbortError') throw thrown
    throw invalid(excerptOf(thrown), thrown)
  }
}

function excerptOf(thrown: unknown): string {
  return String(thrown instanceof Error ? thrown.message : thrown).slice(0, 200)
}

// APPNOTE §4.4.5, §4.4.2.
const STORED = 0
const DEFLATED = 8
const UNIX_HOSTS: ReadonlySet<number> = new Set([3, 19])
const REGULAR = 0o100000
const DIRECTORY = 0o040000
/** APPNOTE §4.3.9, with its signature and 64-bit sizes. */
const DATA_DESCRIPTOR = 24
/** APPNOTE §4.3.12, without name, extra fields and comment. */
const DIRECTORY_ENTRY = 46
/** APPNOTE §4.4.4. */
const ENCRYPTED = 1
const DESCRIPTOR = 8
const UTF8 = 0x800
const FLAGS_OF_BOTH = [ENCRYPTED, DESCRIPTOR, UTF8]
/** APPNOTE §4.5.3, §4.6.9. */
const ZIP64 = 0x0001
const UNICODE_PATH = 0x7075
const IN_ZIP64 = 0xffffffff
const MOST_ENTRIES = 50_000
const MOST_UNPACKED = 4 * 1024 ** 3
/** Deflate reaches 1,032 to 1; program text and images stay far below this. */
const MOST_RATIO = 200
const RATIO_FREE = 1024 * 1024
