/** Refuses bytes that the protobuf library would quietly repair: text that is not UTF-8, fields cut short, groups, wrong wire types. */
import { isUtf8 } from 'node:buffer'
import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader'
import { LIMITS, perObject, SealstoneError } from '#core'

/** Checks the bytes against the message's own description, then decodes them. Throws FORMAT_INVALID. Unknown fields are allowed, as protobuf has it. */
export function decodeStrictly<Input, Output>(definition: PackageDefinition, type: MessageTypeDefinition<Input, Output>, bytes: Buffer): Output {
  checkMessage(definition, type.type as Descriptor, bytes)
  try {
    return type.deserialize(bytes)
  } catch (cause) {
    throw new SealstoneError('FORMAT_INVALID', 'the request is not a valid protobuf message', { cause })
  }
}

/** The contents of all fields of a message that consists of messages. Throws FORMAT_INVALID. */
export function splitMessages(bytes: Buffer): Buffer[] {
  const reader = new WireReader('of messages', bytes)
  const messages: Buffer[] = []
  while (!reader.atEnd) {
    const content = reader.value(reader.varint() % 8)
    if (content !== undefined) messages.push(content)
  }
  return messages
}

/** google.protobuf.DescriptorProto, as the loader gives it. */
interface Descriptor {
  readonly name: string
  readonly field: readonly FieldDescriptor[]
}

interface FieldDescriptor {
  readonly name: string
  readonly number: number
  readonly type: keyof typeof WIRE_TYPES | 'TYPE_STRING' | 'TYPE_BYTES' | 'TYPE_MESSAGE'
  readonly label: string
  /** Of messages and enums; full, or relative to the package. */
  readonly typeName: string
}

/** By field number: a message of many messages looks there for each of them. */
const fieldsOf = perObject((descriptor: Descriptor) => new Map(descriptor.field.map((field) => [field.number, field])))

function checkMessage(definition: PackageDefinition, descriptor: Descriptor, bytes: Buffer): void {
  const fields = fieldsOf(descriptor)
  const reader = new WireReader(descriptor.name, bytes)
  const counts = new Map<number, number>()
  while (!reader.atEnd) {
    const tag = reader.varint()
    const [number, wireType] = [Math.floor(tag / 8), tag % 8]
    if (number < 1 || number > MAX_FIELD_NUMBER) throw invalid(descriptor, `holds field number ${number}`)
    const field = fields.get(number)
    const content = reader.value(wireType)
    if (field === undefined) continue
    countField(descriptor, field, counts)
    checkField(definition, descriptor, field, wireType, content)
  }
}

/** Before objects are made of them: an empty message is two bytes on the wire and a hundred in memory. */
function countField(message: Descriptor, { name, number }: FieldDescriptor, counts: Map<number, number>): void {
  const count = (counts.get(number) ?? 0) + 1
  counts.set(number, count)
  if (count <= LIMITS.resources) return
  const field = `${message.name.slice(0, 1).toLowerCase()}${message.name.slice(1)}.${name}`
  throw new SealstoneError('INPUT_TOO_LARGE', `${field} has over ${LIMITS.resources} items, want at most ${LIMITS.resources}`, { details: { field } })
}

function checkField(definition: PackageDefinition, message: Descriptor, field: FieldDescriptor, wireType: number, content: Buffer | undefined): void {
  const scalar = Object.hasOwn(WIRE_TYPES, field.type) ? WIRE_TYPES[field.type as keyof typeof WIRE_TYPES] : undefined
  const packed = scalar !== undefined && field.label === 'LABEL_REPEATED' && wireType === LENGTH_DELIMITED
  if (wireType !== (scalar ?? LENGTH_DELIMITED) && !packed) throw invalid(message, `has field ${field.name} in wire type ${wireType}`)
  if (content === undefined) return
  if (field.type === 'TYPE_STRING' && !isUtf8(content)) throw invalid(message, `has text in field ${field.name} that is not UTF-8`)
  if (field.type === 'TYPE_MESSAGE') checkMessage(definition, descriptorOf(definition, field), content)
}

/** In all definitions that hold the field, its type is the same. */
const descriptors = new WeakMap<FieldDescriptor, Descriptor>()

function descriptorOf(definition: PackageDefinition, field: FieldDescriptor): Descriptor {
  const known = descriptors.get(field)
  if (known !== undefined) return known
  const { typeName } = field
  const found = definition[typeName.replace(/^\./, '')] ?? definition[`sealstone.v1.${typeName}`]
  if (found === undefined || !('type' in found)) throw new SealstoneError('INTERNAL', `the proto files have no message ${typeName}`)
  const descriptor = found.type as Descriptor
  descriptors.set(field, descriptor)
  return descriptor
}

class WireReader {
  readonly #name: string
  readonly #bytes: Buffer
  #at = 0

  constructor(name: string, bytes: Buffer) {
    this.#name = name
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** At most ten bytes. Above 2^53 the last digits are lost, which no tag and no length can have. */
  varint(): number {
    let value = 0
    for (let power = 0; power < 70; power += 7) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw this.#invalid('is cut short')
      value += (byte & 0x7f) * 2 ** power
      if (byte < 0x80) return value
    }
    throw this.#invalid('holds a number of more than ten bytes')
  }

  /** Steps over one value; the content of a length-delimited one. */
  value(wireType: number): Buffer | undefined {
    switch (wireType) {
      case VARINT:
        this.varint()
        return undefined
      case FIXED_64:
        this.#take(8)
        return undefined
      case LENGTH_DELIMITED:
        return this.#take(this.varint())
      case FIXED_32:
        this.#take(4)
        return undefined
      default:
        throw this.#invalid(`holds wire type ${wireType}`)
    }
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw this.#invalid('is cut short')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #invalid(what: string): SealstoneError {
    return invalid({ name: this.#name }, what)
  }
}

function invalid({ name }: Pick<Descriptor, 'name'>, what: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', `message ${name} ${what}`)
}

// https://protobuf.dev/programming-guides/encoding
const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const FIXED_32 = 5
const MAX_FIELD_NUMBER = 536_870_911
const WIRE_TYPES = {
  TYPE_BOOL: VARINT,
  TYPE_ENUM: VARINT,
  TYPE_INT32: VARINT,
  TYPE_INT64: VARINT,
  TYPE_UINT32: VARINT,
  TYPE_UINT64: VARINT,
  TYPE_SINT32: VARINT,
  TYPE_SINT64: VARINT,
  TYPE_FIXED64: FIXED_64,
  TYPE_SFIXED64: FIXED_64,
  TYPE_DOUBLE: FIXED_64,
  TYPE_FIXED32: FIXED_32,
  TYPE_SFIXED32: FIXED_32,
  TYPE_FLOAT: FIXED_32,
} as const
