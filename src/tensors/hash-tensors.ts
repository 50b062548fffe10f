/** The digests of the tensors of a model: each is the hash of its bytes in the file, so that equal tensors have equal digests wherever they are. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { SealstoneError } from '#core'
import {
  digestOf,
  fileFailure,
  type FileRange,
  type HashProgress,
  hashRanges,
  type HashType,
  listModel,
  type ListModelOptions,
  type ModelFile,
  namedReading,
} from '#hashing'
import { readGguf } from './gguf.ts'
import { HeaderReader } from './header-reader.ts'
import { readSafetensors } from './safetensors.ts'
import type { Tensor, TensorLayout } from './tensor.ts'

export interface TensorDigest extends Pick<Tensor, 'name' | 'dtype' | 'shape'> {
  readonly bytes: number
  readonly digest: Uint8Array
}

export interface TensorFile {
  /** Path from the model's root. */
  readonly name: string
  readonly size: number
  /** Absent for files of other kinds: their digest is that of the whole file. */
  readonly format?: TensorLayout['format']
  readonly digest?: Uint8Array
  /** In the order of the file. */
  readonly tensors: readonly TensorDigest[]
  /** Of what is before the first tensor: names, shapes, metadata. */
  readonly headerDigest?: Uint8Array
  /** Of what is between and after the tensors, where there is something. */
  readonly paddingDigests?: readonly Uint8Array[]
}

export interface ModelTensors {
  readonly modelName: string
  readonly hashType: HashType
  readonly files: readonly TensorFile[]
}

export interface HashTensorsOptions extends ListModelOptions {
  /** Default sha256. */
  readonly hashType?: HashType
  readonly onProgress?: (progress: HashProgress) => void
}

/** Throws what listModel throws, FORMAT_INVALID, JSON_INVALID and INPUT_TOO_LARGE for a header that is not right, MODEL_CHANGED. */
export async function hashTensors(path: string, options: HashTensorsOptions = {}): Promise<ModelTensors> {
  const { hashType = 'sha256', signal, onProgress } = options
  const listing = await listModel(path, options)
  if (listing.files.length === 0) throw new SealstoneError('MODEL_EMPTY', 'the model has no files')
  const files = listing.files.map((file) => ({ file, layout: readLayout(file) }))
  const parts = files.flatMap(({ file, layout }) => partsOf(file, layout))
  const digests: Uint8Array[] = []
  const progress = {
    bytesDone: 0,
    bytesTotal: parts.reduce((sum, { range }) => sum + range.end - range.start, 0),
    filesDone: 0,
    filesTotal: parts.length,
    current: '',
    reading: [] as HashProgress['reading'],
  }
  await hashRanges({
    ranges: parts.map(({ range }) => range),
    hashType,
    signal,
    onBytes: (bytesDone, reading) => {
      progress.bytesDone = bytesDone
      progress.reading = namedReading(reading, (index) => parts[index] as Part)
      progress.current = progress.reading[0]?.name ?? progress.current
      onProgress?.({ ...progress })
    },
    onOutcome: (index, outcome) => {
      const { name, range } = parts[index] as Part
      digests[index] = digestOf(name, range.stamp, outcome)
      progress.filesDone += 1
      progress.current = name
    },
  })
  let at = 0
  return { modelName: listing.modelName, hashType, files: files.map(({ file, layout }) => collect(file, layout, () => digests[at++] as Uint8Array)) }
}

interface Part {
  /** The file. */
  readonly name: string
  readonly range: FileRange
}

/** The header, then the tensors; or the whole file. */
function partsOf({ name, path, size, stamp }: ModelFile, layout: TensorLayout | undefined): Part[] {
  const range = (start: number, end: number): Part => ({ name, range: { path, start, end, stamp, followLink: false } })
  if (layout === undefined) return [range(0, size)]
  const padding = gapsOf(layout, size).map(([start, end]) => range(start, end))
  return [range(0, layout.headerBytes), ...layout.tensors.map(({ start, end }) => range(start, end)), ...padding]
}

/** Bytes of the file that belong to no tensor: GGUF aligns them. */
function gapsOf({ headerBytes, tensors }: TensorLayout, size: number): [number, number][] {
  const ends = [headerBytes, ...tensors.map(({ end }) => end)]
  const starts = [...tensors.map(({ start }) => start), size]
  return ends.map((end, at): [number, number] => [end, starts[at] ?? size]).filter(([from, to]) => from < to)
}

function collect({ name, size }: ModelFile, layout: TensorLayout | undefined, next: () => Uint8Array): TensorFile {
  if (layout === undefined) return { name, size, digest: next(), tensors: [] }
  const headerDigest = next()
  const tensors = layout.tensors.map((tensor) => ({
    name: tensor.name,
    dtype: tensor.dtype,
    shape: tensor.shape,
    bytes: tensor.end - tensor.start,
    digest: next(),
  }))
  const paddingDigests = gapsOf(layout, size).map(() => next())
  return { name, size, format: layout.format, headerDigest, tensors, paddingDigests }
}

/** Undefined for a file of another kind. GGUF says so itself; safetensors has no mark, so its name counts. */
function readLayout({ name, path, size, stamp }: ModelFile): TensorLayout | undefined {
  const isSafetensors = name.toLowerCase().endsWith('.safetensors')
  if (!isSafetensors && !name.toLowerCase().endsWith('.gguf')) return undefined
  const file = openListed({ name, path, stamp })
  try {
    if (!fstatSync(file).isFile()) throw new SealstoneError('MODEL_CHANGED', `${name} is no file any more`)
    const reader = new HeaderReader(file, size)
    if (isSafetensors) return readSafetensors(reader)
    const magic = reader.bytes(4, 'the magic').toString('latin1')
    if (magic !== 'GGUF') throw new SealstoneError('FORMAT_INVALID', 'GGUF: the file does not begin with GGUF')
    return readGguf(reader)
  } catch (cause) {
    if (!(cause instanceof SealstoneError)) throw fileFailure(name, stamp, cause)
    throw new SealstoneError(cause.code, `${name}: ${cause.message}`, { cause, hint: cause.hint })
  } finally {
    closeSync(file)
  }
}

function openListed({ name, path, stamp }: Pick<ModelFile, 'name' | 'path' | 'stamp'>): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (cause) {
    throw fileFailure(name, stamp, cause)
  }
}
