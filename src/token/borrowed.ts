/** Secret bytes that are wiped when their scope ends: `using seed = …`. */

export interface Borrowed extends Disposable {
  readonly bytes: Buffer
}

/** Takes over these bytes: they are wiped in place. Give it only what `secretBuffer` made, or memory of its own. */
export function borrowed(bytes: Buffer): Borrowed {
  return { bytes, [Symbol.dispose]: () => bytes.fill(0) }
}

export function borrowedCopy(bytes: Uint8Array): Borrowed {
  const copy = secretBuffer(bytes.length)
  copy.set(bytes)
  return borrowed(copy)
}

/**
 * Memory for a secret. V8 keeps typed arrays of up to 64 bytes inside its own heap and moves them about, leaving copies that nobody can
 * wipe (measured: hundreds, of a seed, after some thousand signatures); an ArrayBuffer has memory of its own that stays where it is.
 */
export function secretBuffer(byteLength: number): Buffer {
  return Buffer.from(new ArrayBuffer(byteLength))
}
