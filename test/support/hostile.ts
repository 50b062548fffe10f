/** What tests of bad input share. */
import { SealstoneError } from '#core'

/** The code of the SealstoneError that `work` throws; anything else that it throws passes through. */
export function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof SealstoneError) return error.code
    throw error
  }
  return 'nothing thrown'
}

export function flipBit(bytes: Uint8Array, index: number, bit = 0): Uint8Array {
  return bytes.with(index, (bytes[index] ?? 0) ^ (1 << bit))
}
