/** The stored form of a Sign answer: three parts, each after its length as an unsigned 32-bit big endian number. */
import { concatBytes, type OperationId, parseOperationId, SealstoneError, utf8, utf8Text } from '#core'
import { parseHybridBundle } from '#envelopes'
import { parseTlogProof } from '#tlog'
import type { SignAnswer } from './ports.ts'

export interface AnswerParts {
  readonly operationId: OperationId
  readonly hybridSig: Uint8Array
  /** Absent for a key without a companion. */
  readonly modelSig: Uint8Array | undefined
}

export function encodeAnswer({ operationId, hybridSig, modelSig }: AnswerParts): Uint8Array {
  return concatBytes(...[utf8(operationId), hybridSig, modelSig ?? new Uint8Array()].flatMap((part) => [u32(part.length), part]))
}

/** The answer of a repeated request: the same bytes, marked as replayed. Throws AUDIT_CORRUPT. */
export function decodeAnswer(bytes: Uint8Array): SignAnswer {
  const { operationId, hybridSig, modelSig } = decodeParts(bytes)
  const { receipt } = parseHybridBundle(hybridSig)
  return {
    operationId,
    hybridSig,
    ...(modelSig === undefined ? {} : { modelSig }),
    receipt,
    leafIndex: parseTlogProof(receipt.proof).index,
    replayed: true,
  }
}

/** Throws AUDIT_CORRUPT. */
export function decodeParts(bytes: Uint8Array): AnswerParts {
  const [operationId, hybridSig, modelSig] = splitParts(bytes)
  if (operationId === undefined || hybridSig === undefined || modelSig === undefined) {
    throw new SealstoneError('AUDIT_CORRUPT', 'a stored answer is cut short')
  }
  return { operationId: parseOperationId(utf8Text(operationId)), hybridSig, modelSig: modelSig.length === 0 ? undefined : modelSig }
}

function splitParts(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + view.getUint32(at)
    if (end > bytes.length) break
    parts.push(bytes.subarray(at + 4, end))
    at = end
  }
  return parts
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
