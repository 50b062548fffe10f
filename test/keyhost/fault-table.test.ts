/** Every return value of PKCS#11, on every function that signing calls, while it does nothing, with a queue, and within a request: what callers get. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CELLS, MODULE_VALUES, modulesOf, OTHER_VALUES, tryOnce, USUAL_MODULE_VALUES } from './fault-rows.ts'
import { PHASES, Stand } from './fault-stand.ts'

let stand: Stand

beforeAll(async () => {
  stand = await Stand.open()
})
afterAll(() => stand[Symbol.asyncDispose]())

const SIGNING = CELLS.filter(({ phase }) => phase !== 'key creation')

describe.each(SIGNING)('$phase: $fn', (cell) => {
  it('answers each value that costs no process once', async () => {
    const { actual, expected } = await tryOnce(stand, cell, OTHER_VALUES)
    expect(actual).toEqual(expected)
  })

  it('answers a value that costs the process once, and nobody notices', async () => {
    const { actual, expected } = await tryOnce(stand, cell, modulesOf(cell))
    expect(actual).toEqual(expected)
  })
})

it('every value that costs the process was answered somewhere, the usual ones in each phase', () => {
  expect(new Set(CELLS.flatMap(modulesOf))).toEqual(new Set(MODULE_VALUES))
  expect(USUAL_MODULE_VALUES).toHaveLength(6)
  for (const phase of PHASES) {
    const answered = CELLS.filter((cell) => cell.phase === phase).flatMap(modulesOf)
    expect(answered).toEqual(expect.arrayContaining(USUAL_MODULE_VALUES))
  }
})
