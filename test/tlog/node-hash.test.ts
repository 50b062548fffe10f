/** A node's hash is of what is given and nothing else, whatever was hashed before. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { nodeHash } from '#tlog'

it('holds nothing of the node before, also where a stored hash is cut short', () => {
  const [left, right] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const whole = nodeHash(left, right)
  expect(whole.toHex()).toBe(
    createHash('sha256')
      .update(Uint8Array.of(1, ...left, ...right))
      .digest('hex'),
  ) // RFC 9162 §2.1.1
  for (const cut of [right.subarray(0, 31), right.subarray(0, 0)]) {
    expect(nodeHash(left, cut)).not.toEqual(whole)
    expect(nodeHash(cut, right)).not.toEqual(nodeHash(left, right))
  }
})
