/** Memory for secrets: one area, made at the start, locked so that it is never swapped out, left out of core dumps, and lent in pieces. */
import { dlopen, getRawPointer } from 'node:ffi'

export interface SecretArea {
  /** False where the system does not allow it (RLIMIT_MEMLOCK); all else is the same then. */
  readonly isLocked: boolean
  readonly lentBytes: number
  /** Memory that is lent to nobody else until it is given back; undefined when there is not so much left. */
  lend(byteLength: number): Buffer | undefined
  /** Takes back what `lend` gave, and nothing else; wiped. */
  giveBack(bytes: Buffer): void
}

/**
 * Not mlockall: measured with Node 26, locking what V8 reserves made 46 MiB of resident memory 696, and V8 ends the process when it frees
 * pages that are locked. Locked pages are counted against RLIMIT_MEMLOCK, 8 MiB for a plain user; this area takes 64 KiB of it.
 */
export function makeSecretArea(byteLength = AREA_BYTES): SecretArea {
  const memory = new ArrayBuffer(byteLength + PAGE_BYTES)
  const address = getRawPointer(memory)
  const start = Number((PAGE - (address % PAGE)) % PAGE)
  const isLocked = protect(address + BigInt(start), BigInt(byteLength))
  const isTaken = Array.from({ length: byteLength / PIECE_BYTES }, () => false)
  const lent = new Map<Buffer, { readonly first: number; readonly count: number }>()
  const mark = (first: number, count: number, taken: boolean): void => void isTaken.fill(taken, first, first + count)
  return {
    isLocked,
    get lentBytes() {
      return isTaken.filter(Boolean).length * PIECE_BYTES
    },
    lend: (wanted) => {
      const count = Math.max(1, Math.ceil(wanted / PIECE_BYTES))
      for (let first = 0, free = 0; first + free < isTaken.length; ) {
        if (isTaken[first + free] === true) {
          first += free + 1
          free = 0
        } else if (++free === count) {
          mark(first, count, true)
          const bytes = Buffer.from(memory, start + first * PIECE_BYTES, wanted)
          lent.set(bytes, { first, count })
          return bytes
        }
      }
      return undefined
    },
    giveBack: (bytes) => {
      const piece = lent.get(bytes)
      if (piece === undefined) return
      lent.delete(bytes)
      bytes.fill(0)
      mark(piece.first, piece.count, false)
    },
  }
}

/** Whether it is locked. That the process leaves no core dump is seen to by a limit (children/child-process.ts); this is for what goes past it. */
function protect(address: bigint, byteLength: bigint): boolean {
  const { functions } = dlopen(null, {
    mlock: { arguments: ['u64', 'u64'], return: 'i32' },
    madvise: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
  })
  if (process.platform === 'linux') functions.madvise(address, byteLength, MADV_DONTDUMP)
  return functions.mlock(address, byteLength) === 0
}

const PAGE_BYTES = 16_384 // the largest on the platforms that we run on; where pages are smaller this is a multiple
const PAGE = BigInt(PAGE_BYTES)
const AREA_BYTES = 65_536
const PIECE_BYTES = 64
const MADV_DONTDUMP = 16 // linux/mman.h
