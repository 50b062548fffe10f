/** Secret bytes that are wiped when their scope ends: `using seed = …`. */

export interface Borrowed extends Disposable {
  readonly bytes: Buffer
}

/** Takes over these bytes: they are wiped in place. */
export function borrowed(bytes: Buffer): Borrowed {
  return { bytes, [Symbol.dispose]: () => bytes.fill(0) }
}

/** Buffer.alloc, never Buffer.from: that would put a secret into Node's shared pool. */
export function borrowedCopy(bytes: Uint8Array): Borrowed {
  const copy = Buffer.alloc(bytes.length)
  copy.set(bytes)
  return borrowed(copy)
}
