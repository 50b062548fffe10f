/** Reads the header of a safetensors file: 8 bytes with its length, JSON, then the tensors without gaps. github.com/huggingface/safetensors, "Format". */
import { describe, excerpt, isJsonObject, type JsonValue, LIMITS, parseStrictObject, SealstoneError } from '#core'
import type { HeaderReader } from './header-reader.ts'
import type { Tensor, TensorLayout } from './tensor.ts'

/** Throws FORMAT_INVALID, JSON_INVALID or INPUT_TOO_LARGE. */
export function readSafetensors(reader: HeaderReader): TensorLayout {
  const length = reader.u64('the header length')
  if (length > LIMITS.tensorHeaderBytes) throw tooLarge(`the header is ${length} bytes, want at most ${LIMITS.tensorHeaderBytes}`)
  const headerBytes = PREFIX_BYTES + length
  const header = parseStrictObject(reader.bytes(length, 'the header'), {
    maxBytes: LIMITS.tensorHeaderBytes,
    maxDepth: 4,
    maxValues: MOST_VALUES,
  })
  const tensors: Tensor[] = []
  for (const [name, value] of Object.entries(header)) if (name !== METADATA) tensors.push(readTensor(name, value, headerBytes))
  checkMetadata(header[METADATA])
  if (tensors.length > LIMITS.tensors) throw tooLarge(`the file has ${tensors.length} tensors, want at most ${LIMITS.tensors}`)
  tensors.sort((left, right) => left.start - right.start || left.end - right.end)
  checkCovered(tensors, headerBytes, reader.size)
  return { format: 'safetensors', tensors, headerBytes }
}

function readTensor(name: string, value: JsonValue, headerBytes: number): Tensor {
  const where = `tensor ${excerpt(name)}`
  if (!isJsonObject(value)) throw invalid(`${where} is ${describe(value)}, want an object`)
  const stray = Object.keys(value).find((member) => !MEMBERS.includes(member))
  if (stray !== undefined) throw invalid(`${where} has an unknown member ${excerpt(stray)}`)
  const { dtype, shape, data_offsets: offsets } = value
  const bits = typeof dtype === 'string' && Object.hasOwn(DTYPE_BITS, dtype) ? DTYPE_BITS[dtype as keyof typeof DTYPE_BITS] : undefined
  if (bits === undefined) throw invalid(`${where} has the dtype ${typeof dtype === 'string' ? excerpt(dtype) : describe(dtype)}, which is not known`)
  const sizes = readNumbers(shape, `the shape of ${where}`)
  const [start, end, ...more] = readNumbers(offsets, `data_offsets of ${where}`)
  if (start === undefined || end === undefined || more.length > 0 || end < start)
    throw invalid(`data_offsets of ${where} are not a beginning and an end`)
  const want = (BigInt(bits) * sizes.reduce((product, size) => product * BigInt(size), 1n)) / 8n
  if (BigInt(end - start) !== want) throw invalid(`${where} has ${end - start} bytes, but its shape and dtype want ${want}`)
  return { name, dtype: dtype as string, shape: sizes, start: headerBytes + start, end: headerBytes + end }
}

function readNumbers(value: JsonValue | undefined, what: string): readonly number[] {
  if (!Array.isArray(value)) throw invalid(`${what} is ${describe(value)}, want an array`)
  const numbers = value as readonly JsonValue[]
  if (numbers.length > LIMITS.tensorDimensions || !numbers.every((number) => Number.isSafeInteger(number) && (number as number) >= 0))
    throw invalid(`${what} is not at most ${LIMITS.tensorDimensions} whole numbers`)
  return numbers as readonly number[]
}

/** A hole could hold bytes that no tensor's digest covers. */
function checkCovered(tensors: readonly Tensor[], headerBytes: number, size: number): void {
  let at = headerBytes
  for (const { name, start, end } of tensors) {
    if (start !== at) throw invalid(`tensor ${excerpt(name)} begins at ${start}, want ${at}: tensors lie one after the other`)
    at = end
  }
  if (at !== size) throw invalid(`the tensors end at ${at}, but the file at ${size}`)
}

function checkMetadata(value: JsonValue | undefined): void {
  if (value === undefined) return
  if (!isJsonObject(value) || !Object.values<JsonValue>(value).every((text) => typeof text === 'string'))
    throw invalid(`${METADATA} is not an object of texts`)
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', `safetensors: ${message}`)
}

function tooLarge(message: string): SealstoneError {
  return new SealstoneError('INPUT_TOO_LARGE', `safetensors: ${message}`)
}

const PREFIX_BYTES = 8
const METADATA = '__metadata__'
const MEMBERS: readonly string[] = ['dtype', 'shape', 'data_offsets']
/** A tensor is about eight values. */
const MOST_VALUES = 1_500_000
/** Bits of one element. */
const DTYPE_BITS = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E5M2FNUZ: 8,
  F8_E4M3FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  I64: 64,
  U64: 64,
  F64: 64,
} as const
