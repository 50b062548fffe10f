/** Reads the header of a GGUF file, versions 2 and 3: key-value pairs, then where each tensor is. github.com/ggml-org/ggml, docs/gguf.md. */
import { excerpt, LIMITS, SealstoneError, utf8Text } from '#core'
import type { HeaderReader } from './header-reader.ts'
import type { Tensor, TensorLayout } from './tensor.ts'

/** Throws FORMAT_INVALID or INPUT_TOO_LARGE. @param reader stands after the four letters GGUF */
export function readGguf(reader: HeaderReader): TensorLayout {
  const version = reader.u32('the version')
  if (version !== 2 && version !== 3) {
    throw invalid(`version ${version}, want 2 or 3${version > 0xffff ? ': the file is big-endian, which is not read' : ''}`)
  }
  const tensorCount = reader.u64('the number of tensors')
  const pairCount = reader.u64('the number of key-value pairs')
  if (tensorCount > LIMITS.tensors) throw tooLarge(`${tensorCount} tensors, want at most ${LIMITS.tensors}`)
  if (pairCount > MOST_PAIRS) throw tooLarge(`${pairCount} key-value pairs, want at most ${MOST_PAIRS}`)
  const alignment = readAlignment(reader, pairCount)
  const infos = Array.from({ length: tensorCount }, (_, at) => readInfo(reader, at))
  checkNames(infos)
  const dataStart = Math.ceil(reader.position / alignment) * alignment
  const tensors = infos
    .map((info) => placeTensor(info, dataStart, alignment, reader.size))
    .sort((left, right) => left.start - right.start || left.end - right.end)
  checkOverlap(tensors)
  return { format: 'gguf', tensors, headerBytes: Math.min(dataStart, reader.size) }
}

interface TensorInfo extends Pick<Tensor, 'name' | 'dtype' | 'shape'> {
  /** From the beginning of the data. */
  readonly offset: number
  readonly bytes: number
}

function readAlignment(reader: HeaderReader, pairs: number): number {
  let alignment = DEFAULT_ALIGNMENT
  for (let at = 0; at < pairs; at++) {
    const key = readText(reader, `key ${at}`, MOST_KEY_BYTES)
    const type = reader.u32(`the type of ${excerpt(key)}`)
    if (key !== ALIGNMENT_KEY) {
      skipValue(reader, type, key, 0)
      continue
    }
    if (type !== UINT32) throw invalid(`${ALIGNMENT_KEY} has type ${type}, want ${UINT32}`)
    alignment = reader.u32(ALIGNMENT_KEY)
    if (alignment === 0 || alignment % 8 !== 0) throw invalid(`${ALIGNMENT_KEY} is ${alignment}, want a multiple of 8`)
  }
  return alignment
}

function skipValue(reader: HeaderReader, type: number, key: string, depth: number): void {
  const size = SCALAR_BYTES[type]
  if (size !== undefined) reader.bytes(size, excerpt(key))
  else if (type === STRING) readText(reader, excerpt(key), LIMITS.tensorHeaderBytes)
  else if (type === ARRAY) skipArray(reader, key, depth)
  else throw invalid(`${excerpt(key)} has type ${type}, which is not known`)
}

function skipArray(reader: HeaderReader, key: string, depth: number): void {
  if (depth >= MOST_DEPTH) throw invalid(`${excerpt(key)} is an array in arrays, more than ${MOST_DEPTH} deep`)
  const type = reader.u32(`the element type of ${excerpt(key)}`)
  const count = reader.u64(`the length of ${excerpt(key)}`)
  if (count > MOST_ELEMENTS) throw tooLarge(`${excerpt(key)} has ${count} elements, want at most ${MOST_ELEMENTS}`)
  const size = SCALAR_BYTES[type]
  if (size === undefined) {
    for (let at = 0; at < count; at++) skipValue(reader, type, key, depth + 1)
    return
  }
  for (let left = count * size; left > 0; left -= SKIP_BYTES) reader.bytes(Math.min(left, SKIP_BYTES), excerpt(key))
}

function readInfo(reader: HeaderReader, at: number): TensorInfo {
  const name = readText(reader, `the name of tensor ${at}`, LIMITS.resourceNameBytes)
  const where = `tensor ${excerpt(name)}`
  const dimensions = reader.u32(`the number of dimensions of ${where}`)
  if (dimensions > LIMITS.tensorDimensions) throw invalid(`${where} has ${dimensions} dimensions, want at most ${LIMITS.tensorDimensions}`)
  const shape = Array.from({ length: dimensions }, () => reader.u64(`a dimension of ${where}`))
  const type = reader.u32(`the type of ${where}`)
  const known = TENSOR_TYPES[type]
  if (known === undefined) throw invalid(`${where} has type ${type}, which is not known`)
  const [dtype, blockElements, blockBytes] = known
  const elements = shape.reduce((product, size) => product * BigInt(size), 1n)
  if (BigInt(shape[0] ?? 1) % BigInt(blockElements) !== 0n) throw invalid(`${where} has rows of ${shape[0]} elements, but blocks of ${blockElements}`)
  const bytes = (elements / BigInt(blockElements)) * BigInt(blockBytes)
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(`${where} is over 2^53 bytes`)
  return { name, dtype, shape, offset: reader.u64(`the offset of ${where}`), bytes: Number(bytes) }
}

function placeTensor({ name, dtype, shape, offset, bytes }: TensorInfo, dataStart: number, alignment: number, size: number): Tensor {
  if (offset % alignment !== 0) throw invalid(`tensor ${excerpt(name)} begins at ${offset}, want a multiple of ${alignment}`)
  const [start, end] = [dataStart + offset, dataStart + offset + bytes]
  if (end > size) throw invalid(`tensor ${excerpt(name)} ends at ${end}, but the file at ${size}`)
  return { name, dtype, shape, start, end }
}

function checkNames(infos: readonly TensorInfo[]): void {
  const seen = new Set<string>()
  for (const { name } of infos) {
    if (seen.has(name)) throw invalid(`tensor ${excerpt(name)} is there twice`)
    seen.add(name)
  }
}

function checkOverlap(tensors: readonly Tensor[]): void {
  for (const [at, { name, start }] of tensors.entries()) {
    const before = tensors[at - 1]
    if (before !== undefined && start < before.end) throw invalid(`tensors ${excerpt(before.name)} and ${excerpt(name)} overlap`)
  }
}

function readText(reader: HeaderReader, what: string, most: number): string {
  const length = reader.u64(`the length of ${what}`)
  if (length > most) throw tooLarge(`${what} is ${length} bytes, want at most ${most}`)
  return utf8Text(reader.bytes(length, what))
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', `GGUF: ${message}`)
}

function tooLarge(message: string): SealstoneError {
  return new SealstoneError('INPUT_TOO_LARGE', `GGUF: ${message}`)
}

const DEFAULT_ALIGNMENT = 32
const ALIGNMENT_KEY = 'general.alignment'
const MOST_PAIRS = 100_000
const MOST_KEY_BYTES = 65_535
const MOST_ELEMENTS = 10_000_000
const MOST_DEPTH = 4
const SKIP_BYTES = 64 * 1024
const UINT32 = 4
const STRING = 8
const ARRAY = 9
/** gguf_metadata_value_type: bytes of those that have a size. */
const SCALAR_BYTES: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 }
/** ggml_type: name, elements of a block, bytes of a block. */
const TENSOR_TYPES: Readonly<Record<number, readonly [string, number, number]>> = {
  0: ['F32', 1, 4],
  1: ['F16', 1, 2],
  2: ['Q4_0', 32, 18],
  3: ['Q4_1', 32, 20],
  6: ['Q5_0', 32, 22],
  7: ['Q5_1', 32, 24],
  8: ['Q8_0', 32, 34],
  9: ['Q8_1', 32, 40],
  10: ['Q2_K', 256, 84],
  11: ['Q3_K', 256, 110],
  12: ['Q4_K', 256, 144],
  13: ['Q5_K', 256, 176],
  14: ['Q6_K', 256, 210],
  15: ['Q8_K', 256, 292],
  16: ['IQ2_XXS', 256, 66],
  17: ['IQ2_XS', 256, 74],
  18: ['IQ3_XXS', 256, 98],
  19: ['IQ1_S', 256, 50],
  20: ['IQ4_NL', 32, 18],
  21: ['IQ3_S', 256, 110],
  22: ['IQ2_S', 256, 82],
  23: ['IQ4_XS', 256, 136],
  24: ['I8', 1, 1],
  25: ['I16', 1, 2],
  26: ['I32', 1, 4],
  27: ['I64', 1, 8],
  28: ['F64', 1, 8],
  29: ['IQ1_M', 256, 56],
  30: ['BF16', 1, 2],
  34: ['TQ1_0', 256, 54],
  35: ['TQ2_0', 256, 66],
  39: ['MXFP4', 32, 17],
  40: ['NVFP4', 64, 36],
  41: ['Q1_0', 128, 18],
}
