/** Witnesses: where the trust file demands a quorum, a log that shows less is told, and no proof is made from it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { proveEntry } from '#monitor'
import { openTileSource } from '#tilesources'
import { codeOf } from '../audit/support.ts'
import { softwareWitness } from '../support/software-witness.ts'
import { makeStage, reader } from './support.ts'

it('a checkpoint below the quorum is told as long as it is, and makes no proof; the entries are looked at all the same', async () => {
  const stage = makeStage()
  await stage.sign(2)
  const [one, two, stranger] = ['w1', 'w2', 'w3'].map((name) => softwareWitness(`witness.example/${name}`)) as [Witness, Witness, Witness]
  const known = { ...stage.known, witnesses: [one, two], quorum: 2 }
  const note = readFileSync(join(stage.published, 'checkpoint'), 'utf8')
  const show = (checkpoint: string): void => writeFileSync(join(stage.published, 'checkpoint'), checkpoint)
  const monitor = reader(known)

  show(stranger.cosign(one.cosign(note)))
  expect(await monitor.look(stage.published)).toEqual(['no-quorum'])
  expect(monitor.believes()).toContain('\n5\n')
  expect(await monitor.look(stage.published)).toEqual([]) // told, and still so
  expect(await codeOf(() => proveEntry(openTileSource(stage.published), known, 1n))).toBe('VERIFICATION_FAILED')

  show(two.cosign(one.cosign(note)))
  expect(await monitor.look(stage.published)).toEqual([])
  expect((await proveEntry(openTileSource(stage.published), known, 1n)).index).toBe(1n)

  show(note)
  expect(await monitor.look(stage.published)).toEqual(['no-quorum'])
})

type Witness = ReturnType<typeof softwareWitness>
