/** Secret bytes that are wiped when their scope ends: `using seed = …`. */

import { secretArea } from './fixed-memory.ts'

export interface Borrowed extends Disposable {
  readonly bytes: Buffer
}

/** Takes over these bytes: they are wiped in place, once. Give it only what `secretBuffer` made, or memory of its own. */
export function borrowed(bytes: Buffer): Borrowed {
  let isOver = false
  return {
    bytes,
    [Symbol.dispose]: () => {
      // A second time, the same memory may be somebody else's.
      if (isOver) return
      isOver = true
      bytes.fill(0)
      secretArea.giveBack(bytes)
    },
  }
}

export function borrowedCopy(bytes: Uint8Array): Borrowed {
  const copy = secretBuffer(bytes.length)
  copy.set(bytes)
  return borrowed(copy)
}

/**
 * Memory for a secret. V8 keeps typed arrays of up to 64 bytes inside its own heap and moves them about, leaving copies that nobody can
 * wipe (measured: hundreds, of a seed, after some thousand signatures); an ArrayBuffer has memory of its own that stays where it is. It is
 * locked as long as the area for it has room, which is for seeds and keys, not for large files. `borrowed` gives it back.
 */
export function secretBuffer(byteLength: number): Buffer {
  return secretArea.lend(byteLength) ?? Buffer.from(new ArrayBuffer(byteLength))
}
