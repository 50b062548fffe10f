/** A watch that is interrupted in its first look at a large log goes on where it was, and believes no more than what it has proven. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { newOperationId, systemClock } from '#core'
import { encodeState, parseRules, parseState, watch, type WatchPorts } from '#monitor'
import { openTileSource } from '#tilesources'
import type { TileSource } from '#tlog'
import { intent, outcome } from '../audit/support.ts'
import { editLeaf, leavesOf, makeStage, signLeaves, type Stage, writeLogFiles } from './support.ts'

type State = Parameters<WatchPorts['save']>[0]

const RULES = parseRules('[[rule]]\nname = "any"\nkind = "outcome"\n')

/** One command, ended after so many parts as if it were killed. */
async function look(stage: Stage, before: State | undefined, { parts = Number.POSITIVE_INFINITY }: { readonly parts?: number } = {}) {
  const stop = new AbortController()
  const told: string[] = []
  const bundles: bigint[] = []
  let [state, saved, newEntries] = [before, 0, -1n]
  const files = openTileSource(stage.published)
  const source: TileSource = {
    checkpoint: () => files.checkpoint(),
    tile: (name) => {
      if (name.kind === 'entries') bundles.push(name.number)
      return files.tile(name)
    },
  }
  const settings = { source, log: stage.known, rules: RULES, maxAgeMs: 3_600_000, intentAgeMs: 0, clock: systemClock, mostEntries: 256n }
  const result = await watch(
    { ...settings, signal: stop.signal },
    {
      load: async () => state,
      save: async (next) => {
        state = parseState(encodeState(next), stage.known.origin)
        if (++saved === parts) stop.abort()
      },
      keep: async (name) => name,
      tell: (alerts) => told.push(...alerts.map(({ kind }) => kind)),
      done: (round) => (newEntries = round.newEntries),
      undelivered: () => {},
    },
  ).catch((error: { code?: string }) => error.code)
  return { state, told, bundles: [...new Set(bundles)], newEntries, result }
}

async function grown(signings: number): Promise<Stage> {
  const stage = makeStage()
  await stage.sign(signings)
  return stage
}

it('reads each part once, whatever ended the one before, and knows that it is still the first look', async () => {
  const stage = await grown(400) // 801 entries
  const first = await look(stage, undefined, { parts: 2 })
  expect(first).toMatchObject({ result: 'CANCELLED', told: [], bundles: [0n, 1n], state: { reading: { from: '512', isFirst: true } } })
  await stage.sign(1)
  const second = await look(stage, first.state)
  // Rules speak of what came after the first look; the two outcomes since belong to it.
  expect(second).toMatchObject({ told: [], bundles: [2n, 3n], newEntries: 291n, result: { serious: [] } })
  expect(second.state).not.toHaveProperty('reading')
  await stage.sign(1)
  expect(await look(stage, second.state)).toMatchObject({ told: ['rule'], bundles: [3n], newEntries: 2n })
})

it('does not take an intent for open whose outcome is in the next part, and tells the one that stays so at the end', async () => {
  const stage = makeStage()
  const [closed, open] = [newOperationId(), newOperationId()]
  await stage.use(async ({ audit }) => {
    await audit.append(intent({ operationId: closed }))
    await audit.append(intent({ operationId: open }))
    await Promise.all(Array.from({ length: 300 }, () => audit.append({ ...outcome(), kind: 'refused' })))
    await audit.complete(outcome({ operationId: closed }))
  })
  expect((await look(stage, undefined)).told).toEqual(['intent-open'])
})

it.each([300, 700])('finds a changed entry whose hashes were changed with it, whichever part it is in: entry %i', async (changed) => {
  const stage = await grown(400)
  const note = readFileSync(join(stage.published, 'checkpoint'), 'utf8')
  const leaves = await leavesOf(stage.published)
  writeLogFiles(stage.published, leaves.with(changed, editLeaf(leaves[changed], { modelName: 'other' })), note)
  const { told, state } = await look(stage, undefined)
  expect(told).toEqual(['entries-changed'])
  expect(state?.reading).toEqual(undefined) // with a changed hash no part before it can be proven either
})

it('tells a log that was rewritten between two parts', async () => {
  const stage = await grown(400)
  const { state } = await look(stage, undefined, { parts: 2 })
  const leaves = await leavesOf(stage.published)
  const forked = leaves.with(5, editLeaf(leaves[5], { modelName: 'other' }))
  writeLogFiles(stage.published, forked, signLeaves(stage.log, forked))
  const after = await look(stage, state)
  expect(after.told).toEqual(['fork'])
  expect(after.state?.reading).toEqual({ from: '512', isFirst: true })
})
