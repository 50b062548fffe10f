/** What a monitor does not lose and does not let grow: a crash before its state is saved, a log that is all wrong, a webhook that never answers. */
import { expect, it } from 'vitest'
import { newOperationId, parseIdentity, SealstoneError, systemClock } from '#core'
import { encodeState, parseState, watch, type WatchPorts } from '#monitor'
import { openTileSource } from '#tilesources'
import { encodeLeaf } from '#tlog'
import { editLeaf, leavesOf, makeStage, ORIGIN, signLeaves, type Stage, writeLogFiles } from './support.ts'

type State = Parameters<WatchPorts['save']>[0]

it('tells again what a crash may have swallowed, before the state was saved', async () => {
  const stage = await forgedStage()
  const told: string[] = []
  const crash = { save: () => Promise.reject(new Error('the process is gone')) }
  await expect(once(stage, { ...memory(), tell: (alerts) => told.push(...alerts.map(({ kind }) => kind)), ...crash })).rejects.toThrow('gone')
  await once(stage, { ...memory(), tell: (alerts) => told.push(...alerts.map(({ kind }) => kind)) })
  expect(told).toEqual(['time-backwards', 'time-backwards'])
})

it('offers a webhook that does not take alerts all of them again, with the new ones', async () => {
  const stage = await forgedStage()
  const offered: number[] = []
  const kept = memory()
  const away = () => Promise.reject(new SealstoneError('WEBHOOK_UNAVAILABLE'))
  await once(stage, { ...kept, deliver: away })
  expect(parseState(encodeState((await kept.load()) as State), ORIGIN).undelivered).toHaveLength(1)
  await once(stage, { ...kept, deliver: async (alerts) => void offered.push(alerts.length) })
  await once(stage, { ...kept, deliver: async (alerts) => void offered.push(alerts.length) })
  expect(offered).toEqual([1])
})

it('tells a thousand alerts one by one and then their number', async () => {
  const stage = makeStage()
  const outcomes = Array.from({ length: 1500 }, (_, at) =>
    encodeLeaf({
      version: 1,
      time: '2026-01-01T00:00:00.000Z',
      kind: 'outcome',
      operationId: newOperationId(),
      caller: parseIdentity('local'),
      operation: 'sign',
      reason: `${at}`,
    }),
  )
  writeLogFiles(stage.published, outcomes, signLeaves(stage.log, outcomes))
  const told: string[] = []
  await once(stage, { ...memory(), tell: (alerts) => told.push(...alerts.map(({ message }) => message)) })
  expect(told).toHaveLength(1001)
  expect(told.at(-1)).toBe('500 more alerts in this round are not told one by one')
})

/** One entry of it is older than the one before. */
async function forgedStage(): Promise<Stage> {
  const stage = makeStage()
  await stage.sign(1)
  const leaves = await leavesOf(stage.published)
  const forged = leaves.with(2, editLeaf(leaves[2], { time: '2020-01-01T00:00:00.000Z' }))
  writeLogFiles(stage.published, forged, signLeaves(stage.log, forged))
  return stage
}

function memory(): WatchPorts {
  let state: State | undefined
  return {
    load: async () => state,
    save: async (next) => {
      state = next
    },
    keep: async (name) => name,
    tell: () => {},
    done: () => {},
    undelivered: () => {},
  }
}

function once(stage: Stage, ports: WatchPorts): Promise<unknown> {
  const settings = { rules: [], maxAgeMs: 3_600_000, intentAgeMs: 3_600_000, clock: systemClock, signal: AbortSignal.timeout(100_000) }
  return watch({ source: openTileSource(stage.published), log: stage.known, ...settings }, ports)
}
