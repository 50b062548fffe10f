/** The entries of a zip file that nobody trusts: read where every reader must agree on them, else refused. Nothing is unpacked. */
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { excerpt, SealstoneError } from '#core'
import type { OpenArtifact } from './open-artifact.ts'

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
  const names = new Map<string, yauzl.Entry>()
  const ranges: { readonly start: number; readonly end: number; readonly name: string }[] = []
  let unpacked = 0
  await guarded(async () => {
    for await (const entry of zip.eachEntry()) {
      signal?.throwIfAborted()
      checkEntry(entry)
      const folded = entry.fileName.normalize('NFC').toLowerCase()
      if (names.has(folded)) throw invalid(`two entries are named ${excerpt(entry.fileName)}, or a file system could take them for one`)
      names.set(folded, entry)
      unpacked += entry.uncompressedSize
      if (unpacked > MOST_UNPACKED) throw invalid(`unpacked it is over ${MOST_UNPACKED} bytes`)
      ranges.push(await localRange(zip, entry))
    }
  })
  checkRanges(ranges)
  return {
    entries: names.size,
    read: async (name, maxBytes) => {
      const entry = names.get(name.toLowerCase())
      if (entry?.fileName !== name) throw invalid(`it has no ${name}`)
      if (entry.uncompressedSize > maxBytes) throw invalid(`${name} is ${entry.uncompressedSize} bytes, want at most ${maxBytes}`)
      return await guarded(() => readEntry(zip, entry, maxBytes))
    },
  }
}

function checkEntry({ fileName, externalFileAttributes, versionMadeBy, compressedSize, uncompressedSize, ...entry }: yauzl.Entry): void {
  const encrypted = (entry.generalPurposeBitFlag & 1) !== 0
  if (encrypted) throw invalid(`${excerpt(fileName)} is encrypted`)
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
    throw invalid(`${excerpt(fileName)} is compressed by method ${entry.compressionMethod}, want none or deflate`)
  // APPNOTE §4.4.15: the upper half is st_mode where the entry was made under Unix or macOS.
  const type = (externalFileAttributes >>> 16) & 0o170000
  const isUnix = UNIX_HOSTS.has(versionMadeBy >>> 8)
  if (isUnix && type !== 0 && type !== REGULAR && type !== DIRECTORY) throw invalid(`${excerpt(fileName)} is a link or a device`)
  if (fileName === '' || /[\p{Cc}]/u.test(fileName)) throw invalid(`${excerpt(fileName)} is no name of a file`)
  if (fileName.split('/').some((part) => part === '.' || WINDOWS_STREAM.test(part))) throw invalid(`${excerpt(fileName)} is no plain path`)
  if (uncompressedSize > RATIO_FREE && uncompressedSize > compressedSize * MOST_RATIO)
    throw invalid(`${excerpt(fileName)} says that it unpacks to ${uncompressedSize} bytes from ${compressedSize}`)
}

/** The bytes of an entry with its header. What unpacks from front to back reads the local header: it has to say the same. */
async function localRange(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<{ start: number; end: number; name: string }> {
  const header = await zip.readLocalFileHeaderPromise(entry)
  const start = entry.relativeOffsetOfLocalHeader
  if (!header.fileName.equals(entry.fileNameRaw) || header.compressionMethod !== entry.compressionMethod)
    throw invalid(`${excerpt(entry.fileName)} has another name or method in its own header`)
  return { start, end: header.fileDataStart + entry.compressedSize, name: entry.fileName }
}

/** One after the other from the first byte on, with room for a data descriptor between and for nothing else. */
function checkRanges(ranges: readonly { readonly start: number; readonly end: number; readonly name: string }[]): void {
  let before = 0
  let slack = 0
  for (const { start, end, name } of ranges.toSorted((left, right) => left.start - right.start)) {
    if (start < before) throw invalid(`${excerpt(name)} overlaps the entry before it`)
    if (start > before + slack) throw invalid(`there are ${start - before} bytes before ${excerpt(name)} that belong to no entry`)
    before = end
    slack = DATA_DESCRIPTOR
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

function invalid(what: string, cause?: unknown): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', `the bundle is refused: ${what}`, {
    hint: 'have it packed anew by its author',
    ...(cause === undefined ? {} : { cause }),
  })
}

// APPNOTE §4.4.5, §4.4.2.
const STORED = 0
const DEFLATED = 8
const UNIX_HOSTS: ReadonlySet<number> = new Set([3, 19])
const REGULAR = 0o100000
const DIRECTORY = 0o040000
/** APPNOTE §4.3.9, with its signature and 64-bit sizes. */
const DATA_DESCRIPTOR = 24
/** `file.js:stream`. */
const WINDOWS_STREAM = /:/
const MOST_ENTRIES = 50_000
const MOST_UNPACKED = 4 * 1024 ** 3
/** Deflate reaches 1,032 to 1; program text and images stay far below this. */
const MOST_RATIO = 200
const RATIO_FREE = 1024 * 1024
