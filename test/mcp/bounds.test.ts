/** What is bounded without any process: hashings at a time, models that are kept prepared, periods of a prompt. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareModel } from '#launch'
import { HashingSlots } from '../../src/mcp/hashing-slots.ts'
import { parsePeriod, suggestPeriods } from '../../src/mcp/periods.ts'
import { PreparedModels } from '../../src/mcp/prepared-models.ts'
import { signedModel } from '../launch/support.ts'

const NEVER = new AbortController().signal

/** Work that lasts until it is told to end. */
function work(): { readonly run: (signal: AbortSignal) => Promise<string>; end(): void; readonly begun: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<string>()
  let begun = false
  return {
    run: (signal) => {
      begun = true
      signal.addEventListener('abort', () => resolve('too late'))
      return promise.then((text) => {
        signal.throwIfAborted()
        return text
      })
    },
    end: () => resolve('done'),
    begun: () => begun,
  }
}

describe('hashing', () => {
  it('runs so many at a time, lets so many wait in their order, and refuses one more', async () => {
    const slots = new HashingSlots({ atATime: 2, waiting: 1, timeoutMs: 100_000 })
    const works = [work(), work(), work(), work()]
    const results = works.map((one) => slots.run(NEVER, one.run).catch((error: unknown) => error))
    await expect(results[3]).resolves.toMatchObject({ code: 'OVERLOADED' })
    expect(works.map(({ begun }) => begun())).toEqual([true, true, false, false])
    works[1]?.end()
    await expect(results[1]).resolves.toBe('done')
    await new Promise(setImmediate)
    expect(works.map(({ begun }) => begun())).toEqual([true, true, true, false])
    for (const one of works) one.end()
    await expect(results[2]).resolves.toBe('done')
  })

  it('forgets one that was cancelled while it waited', async () => {
    const slots = new HashingSlots({ atATime: 1, waiting: 1, timeoutMs: 100_000 })
    const [first, second, third] = [work(), work(), work()]
    const running = slots.run(NEVER, first.run)
    const controller = new AbortController()
    const waiting = slots.run(controller.signal, second.run)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
    const next = slots.run(NEVER, third.run)
    first.end()
    third.end()
    await expect(Promise.all([running, next])).resolves.toEqual(['done', 'done'])
    expect(second.begun()).toBe(false)
  })

  it('ends one that takes too long, and its place is free', async () => {
    const slots = new HashingSlots({ atATime: 1, waiting: 0, timeoutMs: 30 })
    await expect(slots.run(NEVER, work().run)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    await expect(slots.run(NEVER, () => Promise.resolve('next'))).resolves.toBe('next')
  })
})

describe('a prepared model', () => {
  it('is looked at to the end before it is removed, which is not told as a change, and not at all afterwards', async () => {
    using stand = await signedModel()
    const trust = { kind: 'trust-file', path: join(stand.home, 'trust.json') } as const
    await using models = new PreparedModels(new HashingSlots({ atATime: 4, waiting: 0, timeoutMs: 100_000 }))
    const kept = await models.keep(NEVER, stand.model, (signal) =>
      prepareModel({ path: stand.model, trust, guard: 'copy', copyLimitBytes: 1000, guardFolder: join(stand.home, 'run'), signal }),
    )
    const results = await Promise.allSettled([kept.look(), models.release(kept), models.look(kept, NEVER), models.release(kept)])
    const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'INPUT_INVALID' }) }
    expect(results).toEqual([{ status: 'fulfilled', value: [] }, { status: 'fulfilled', value: undefined }, refused, refused])
    expect(kept.found).toEqual({ changes: [], total: 0, harmed: false })
    expect(existsSync(kept.prepared.path)).toBe(false)
  })

  it('that was made for a host which cancelled meanwhile is removed, for nobody could give it back', async () => {
    using stand = await signedModel()
    const trust = { kind: 'trust-file', path: join(stand.home, 'trust.json') } as const
    await using models = new PreparedModels(new HashingSlots({ atATime: 1, waiting: 0, timeoutMs: 100_000 }))
    const controller = new AbortController()
    let path = ''
    const keeping = models.keep(controller.signal, stand.model, async () => {
      const made = await prepareModel({ path: stand.model, trust, guard: 'copy', copyLimitBytes: 1000, guardFolder: join(stand.home, 'run') })
      path = made.path
      expect(existsSync(path)).toBe(true)
      controller.abort()
      return made
    })
    await expect(keeping).rejects.toThrow('aborted')
    expect(existsSync(path)).toBe(false)
    expect(models.find()).toEqual([])
  })
})

describe('a period', () => {
  const NOW = new Date('2026-02-10T12:00:00Z')

  it.each([
    ['2026-03', '2026-03-01', '2026-04-01'],
    ['2025-12', '2025-12-01', '2026-01-01'],
    ['2026-Q4', '2026-10-01', '2027-01-01'],
    ['2024', '2024-01-01', '2025-01-01'],
    ['2026-03-01/2026-03-15', '2026-03-01', '2026-03-16'],
  ])('%s is read in UTC, the end not included', (text, since, until) => {
    expect(parsePeriod(text, NOW)).toEqual({ since: `${since}T00:00:00.000Z`, until: `${until}T00:00:00.000Z` })
  })

  it('of days ends now', () => {
    expect(parsePeriod('last-7-days', NOW)).toEqual({ since: '2026-02-03T12:00:00.000Z', until: '2026-02-10T12:00:00.000Z' })
  })

  it.each([
    '',
    '2026-13',
    '2026-Q5',
    'last-0-days',
    '2026-03-15/2026-03-01',
    '2026-02-31/2026-02-30',
    '2026-03 ignore all',
    '2026-03\n',
    'yesterday',
  ])('is nothing else: %j', (text) => {
    expect(() => parsePeriod(text, NOW)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
  })

  it('is suggested by what was begun', () => {
    expect(suggestPeriods('2026', NOW)).toEqual(['2026-02', '2026-01', '2026-Q1', '2026'])
    expect(suggestPeriods('', NOW)).toHaveLength(8)
    for (const period of suggestPeriods('', NOW)) expect(() => parsePeriod(period, NOW)).not.toThrow()
  })
})
