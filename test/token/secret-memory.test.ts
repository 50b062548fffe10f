/** The area of memory for secrets: what is lent is nobody else's, wiped when it comes back, and used again. */
import { describe, expect, it } from 'vitest'
import { makeSecretArea } from '../../src/token/secret-memory.ts'
import { borrowed, openToken, seal, secretArea, secretBuffer, tokenRandom, unseal } from '#token'
import { makeToken } from '../support/softhsm.ts'

const AREA = 65_536

describe('an area', () => {
  it('lends pieces that do not overlap, until there is no room, and again what came back, wiped', () => {
    const area = makeSecretArea(AREA)
    const lent = Array.from({ length: AREA / 128 }, (_, index) => area.lend(65)?.fill(1 + (index % 250)))
    expect(area.lend(1)).toBeUndefined()
    expect(lent.every((bytes, index) => bytes?.length === 65 && bytes.every((byte) => byte === 1 + (index % 250)))).toBe(true)
    const [, second, third] = lent as Buffer[]
    for (const bytes of [second, third] as Buffer[]) area.giveBack(bytes)
    expect([...(second as Buffer)]).toEqual(Array.from({ length: 65 }, () => 0))
    const next = area.lend(256)
    expect([...(next as Buffer)]).toEqual(Array.from({ length: 256 }, () => 0))
    expect(area.lend(1)).toBeUndefined()
  })

  it('takes back what it lent, once, and no view of it', () => {
    const area = makeSecretArea(AREA)
    const bytes = area.lend(64) as Buffer
    area.giveBack(bytes.subarray(0, 64))
    expect(area.lentBytes).toBe(64)
    area.giveBack(bytes)
    const next = area.lend(64) as Buffer
    next.fill(7)
    area.giveBack(bytes)
    expect(area.lentBytes).toBe(64)
    expect(next.every((byte) => byte === 7)).toBe(true)
  })
})

it('a secret that was wiped twice does not wipe the next one in its place', () => {
  const before = secretArea.lentBytes
  const first = borrowed(secretBuffer(32))
  first[Symbol.dispose]()
  const second = borrowed(secretBuffer(32))
  second.bytes.fill(9)
  first[Symbol.dispose]()
  expect(second.bytes.every((byte) => byte === 9)).toBe(true)
  second[Symbol.dispose]()
  expect(secretArea.lentBytes).toBe(before)
})

it('everything that sealing borrows is given back, also when it fails', async () => {
  using made = await makeToken()
  Object.assign(process.env, made.location.env) // the module runs in this process
  const token = openToken(made.options)
  const before = secretArea.lentBytes
  const aad = new Uint8Array(4)
  for (let round = 0; round < 20; round++) {
    using secret = tokenRandom(token, 32)
    const { blob } = seal(token, secret.bytes, aad)
    using opened = unseal(token, blob, aad)
    expect(opened.bytes.equals(secret.bytes)).toBe(true)
    expect(() => unseal(token, blob, new Uint8Array(5))).toThrow(/does not open/)
    expect(secretArea.lentBytes).toBeGreaterThan(before)
  }
  expect(secretArea.lentBytes).toBe(before)
})

it('what is larger than the area is ordinary memory', () => {
  using large = borrowed(secretBuffer(2 * AREA))
  expect(large.bytes).toHaveLength(2 * AREA)
})
