/** A daemon holds the log keys: it can sign a trust file that demands fewer witnesses, or others. A browser that saw more tells it until a person lets it pass. */
import { expect, it } from 'vitest'
import { nativeEngine } from '#suites/native'
import type { Memory } from '../../src/console/page/memory.ts'
import { judgeTrust, pinTrustFile } from '../../src/console/page/trusted-keys.ts'
import { softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'
import { trustFile } from './software-console.ts'

const keys = softwareLog('log.example/console')
const [first, second, third, other] = ['w1', 'w2', 'w3', 'w4'].map((name) => softwareWitness(`witness.example/${name}`))
const known = [first, second, third].filter((witness) => witness !== undefined)
const strangers = [first, second, other].filter((witness) => witness !== undefined)

function memory(): Memory {
  const kept = new Map<string, unknown>()
  return { read: async <Value>(name: string) => kept.get(name) as Value | undefined, write: async (name, value) => void kept.set(name, value) }
}

/** As at a visit to a daemon that shows this. */
const visit = (document: Uint8Array, of: Memory) => judgeTrust(document, nativeEngine(), of)

it.each([
  ['no quorum', trustFile(keys, 2)],
  ['a smaller quorum', trustFile(keys, 2, known, 1)],
  ['a witness that was not there', trustFile(keys, 2, strangers, 2)],
])('tells of %s, again and again', async (_what, less) => {
  const browser = memory()
  expect(await visit(trustFile(keys, 1, known, 2), browser)).not.toHaveProperty('before')
  for (let visits = 0; visits < 2; visits++) expect(await visit(less, browser)).toMatchObject({ before: { quorum: 2 } })
  await pinTrustFile(less, nativeEngine(), browser)
  expect(await visit(less, browser)).not.toHaveProperty('before')
})

it('tells nothing where more is demanded, and keeps that', async () => {
  const browser = memory()
  for (const quorum of [0, 1, 2])
    expect(await visit(trustFile(keys, 1 + quorum, quorum === 0 ? [] : known, quorum), browser)).not.toHaveProperty('before')
  expect(await visit(trustFile(keys, 9, known, 1), browser)).toMatchObject({ before: { quorum: 2 } })
})
