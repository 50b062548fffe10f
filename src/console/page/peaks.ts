/** The complete subtrees that a tree consists of, from left to right (RFC 9162 §2.1.1). */

export interface Peak {
  readonly from: bigint
  /** Up to, not including. */
  readonly to: bigint
  readonly height: number
}

export function peaks(size: bigint): Peak[] {
  const found: Peak[] = []
  for (let from = 0n; from < size; ) {
    const height = (size - from).toString(2).length - 1
    const to = from + (1n << BigInt(height))
    found.push({ from, to, height })
    from = to
  }
  return found
}
