/** The report of a period: what is counted, what is found, what is proven, and what becomes of hostile names. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newOperationId, parseIdentity, utf8, utf8Text } from '#core'
import { type LogReader, makeReport, type Report, reportHtml, reportMarkdown, toDocument } from '#review'
import { leafJson, type NewLeaf, parseLeaf } from '#tlog'
import { intent, outcome } from '../audit/support.ts'
import { softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'
import { reviewedLog, type ReviewedLog } from './support.ts'

const HOUR = 3_600_000
const ALICE = parseIdentity('spiffe://example.org/alice')
const BOB = parseIdentity('spiffe://example.org/bob')
const HOSTILE = '<img src=x onerror=alert(1)>|`*_[a](https://evil.example)\u202e\nend'
const PERIOD = { from: '2026-03-02T12:00:00.000Z', to: '2026-03-03T12:00:00.000Z', now: new Date('2026-03-04T00:00:00.000Z') }
let log: ReviewedLog

async function sign(members: Partial<NewLeaf> = {}, end: Partial<NewLeaf> = {}): Promise<void> {
  const both = { operationId: newOperationId(), suite: 'mldsa65-ecdsa-p256', keyVersion: 1, ...members }
  await log.audit.append(intent(both))
  await log.audit.append(outcome({ ...both, ...end }))
}

// Monday 9:00: alice signs three. From 12:00, the period: alice two, bob one, and everything else.
beforeAll(async () => {
  log = await reviewedLog()
  for (let count = 0; count < 3; count++) await sign({ caller: ALICE })
  log.time += 4 * HOUR
  await sign({ caller: ALICE })
  await sign({ caller: ALICE, key: 'release' })
  await sign({ caller: BOB, modelName: HOSTILE })
  await sign({ caller: BOB }, { result: 'error', errorCode: 'TOKEN_UNAVAILABLE' })
  await sign({ caller: ALICE }, { result: 'unknown', reason: 'the daemon died' })
  await sign({ caller: ALICE }, { modelName: 'another' })
  for (let count = 0; count < 4; count++)
    await log.audit.append({ ...intent({ caller: BOB, key: 'release' }), kind: 'refused', errorCode: 'PERMISSION_DENIED', reason: HOSTILE })
  await log.audit.append({ ...intent({ caller: ALICE, operation: 'keys.create', key: 'fresh' }), kind: 'key-created', result: 'ok' })
  await log.audit.append({ ...intent(), kind: 'clock-step', operation: 'serve', clockStepMs: -4000 })
  await log.audit.append({ ...intent(), kind: 'crash-found', operation: 'serve', reason: 'it began with entry 3' })
  await log.audit.append(intent({ caller: ALICE }))
  log.time += 13 * HOUR // Tuesday, two in the morning
  await sign({ caller: ALICE })
  log.time += 24 * HOUR
  await sign({ caller: BOB }) // after the period
})
afterAll(() => log[Symbol.asyncDispose]())

const report = (reader: LogReader = log.reader, changes: object = {}): Promise<Report> => makeReport(reader, log.trust, { ...PERIOD, ...changes })
const found = (made: Report, kind: string): string[] => made.anomalies.found.filter((anomaly) => anomaly.kind === kind).map(({ text }) => text)

describe('the counts', () => {
  it('are those of the period alone', async () => {
    const { signatures, entries, refusals, failures, keyEvents } = await report()
    expect(entries).toEqual({ count: 22, first: 7n, last: 28n })
    expect(signatures).toMatchObject({ made: 5, failed: 1, unknown: 1 })
    expect(signatures.byKey.rows.map(({ name, count }) => [...name, count])).toEqual([
      ['default', '1', 4],
      ['release', '1', 1],
    ])
    expect(signatures.byCaller.rows.map(({ name, count }) => [...name, count])).toEqual([
      [ALICE, 4],
      [BOB, 1],
    ])
    expect(signatures.byDay.rows.map(({ name, count }) => [...name, count])).toEqual([
      ['2026-03-02', 4],
      ['2026-03-03', 1],
    ])
    expect(refusals.rows.map(({ name, count }) => [name[0], name[3], count])).toEqual([[BOB, 'PERMISSION_DENIED', 4]])
    expect(failures.rows.map(({ name }) => name)).toEqual([
      ['sign', 'TOKEN_UNAVAILABLE'],
      ['sign', 'unknown'],
    ])
    expect(keyEvents.events.map(({ what, subject }) => [what, subject])).toEqual([['key-created', 'fresh']])
  })
})

describe('what is to be looked at twice', () => {
  it('is found', async () => {
    const made = await report()
    expect(found(made, 'new-caller')).toEqual([`${BOB} was never seen before the period`])
    expect(found(made, 'unknown-outcome')).toHaveLength(1)
    expect(found(made, 'mismatch')).toEqual(['the outcome has another modelName than its intent, entry 17'])
    expect(found(made, 'clock')).toContain('the clock was set by -4000 ms')
    expect(found(made, 'crash')).toHaveLength(1)
    expect(found(made, 'open-intent')).toHaveLength(1)
    expect(found(made, 'gap')).toEqual([])
  })

  it('has signatures outside of the hours that are given', async () => {
    const made = await report(log.reader, { usualHours: { from: 7, to: 19 } })
    expect(made.anomalies.found.filter(({ kind }) => kind === 'unusual-hour').map(({ time }) => time)).toEqual(['2026-03-03T02:00:00.000Z'])
  })
})

describe('the proof', () => {
  it('covers every entry, and names the trees at both ends', async () => {
    const { evidence } = await report()
    expect(evidence).toMatchObject({ proven: true, before: { size: 7n }, after: { size: 29n } })
    const whole = await report(log.reader, { from: '2026-01-01T00:00:00.000Z' })
    expect(whole.evidence.proven).toBe(true)
    expect(whole.evidence.before).toBeUndefined()
    expect(found(whole, 'new-caller')).toEqual([]) // the log begins there
  })

  it('is one only with the quorum of witnesses that the trust file demands', async () => {
    const [first, second] = [softwareWitness('witness.example/w1'), softwareWitness('witness.example/w2')]
    const cosigned = (proof: string): string => {
      const at = proof.indexOf('\n\n') + 2
      return proof.slice(0, at) + first.cosign(proof.slice(at))
    }
    const reader: LogReader = {
      ...log.reader,
      getReceipt: async (index, options) => {
        const receipt = await log.reader.getReceipt(index, options)
        return { ...receipt, proof: cosigned(receipt.proof) }
      },
    }
    const trust = { ...log.trust, witnesses: [first, second] }
    const one = await makeReport(reader, { ...trust, quorum: 1 }, PERIOD)
    expect(one.evidence).toMatchObject({ proven: true, text: expect.stringContaining('with cosignatures by 1 of 2 witnesses') as string })
    const two = await makeReport(reader, { ...trust, quorum: 2 }, PERIOD)
    expect(two.evidence).toMatchObject({
      proven: false,
      text: expect.stringContaining('has cosignatures by 1 of 2 witnesses, the trust file wants 2') as string,
    })
    const none = await makeReport(log.reader, { ...trust, quorum: 0 }, PERIOD)
    expect(none.evidence).toMatchObject({ proven: true, text: expect.stringContaining('with cosignatures by 0 of 2 witnesses') as string })
  })

  it.each<[string, (index: bigint) => 'keep' | 'drop' | 'forge']>([
    ['one that was left out', (index) => (index === 15n ? 'drop' : 'keep')],
    ['one that was changed', (index) => (index === 15n ? 'forge' : 'keep')],
    ['a first one that was changed', (index) => (index === 7n ? 'forge' : 'keep')],
    ['a last one that was changed', (index) => (index === 28n ? 'forge' : 'keep')],
    ['first ones that were left out', (index) => (index < 10n ? 'drop' : 'keep')],
    ['last ones that were left out', (index) => (index > 26n ? 'drop' : 'keep')],
    ['all but one of them left out', (index) => (index === 15n ? 'keep' : 'drop')],
  ])('finds %s', async (_what, judge) => {
    const made = await report({
      ...log.reader,
      listEntries: async function* (filter, options) {
        for await (const entry of log.reader.listEntries(filter, options)) {
          const fate = judge(entry.index)
          if (fate === 'drop') continue
          const bytes = fate === 'keep' ? entry.bytes : utf8(utf8Text(entry.bytes).replace(/"operation":"sign"/, '"operation":"sigm"'))
          yield { index: entry.index, bytes, leaf: parseLeaf(bytes) }
        }
      },
    })
    expect(made.evidence.proven).toBe(false)
    expect(made.anomalies.found[0]?.kind).toBe('unproven')
    expect(reportMarkdown(toDocument(made))).toContain('NOT PROVEN')
  })

  it('finds checkpoints that other keys signed', async () => {
    const { keys } = softwareLog('log.example/models')
    const { evidence } = await makeReport(log.reader, { ...log.trust, keys }, PERIOD)
    expect(evidence.proven).toBe(false)
  })

  it('finds that all entries were left out, and entries of another time', async () => {
    const none = await report({
      ...log.reader,
      listEntries: async function* (filter, options) {
        if (filter.since === undefined) yield* log.reader.listEntries(filter, options)
      },
    })
    expect(none.evidence).toMatchObject({ proven: false, text: 'entry 7 is of the period and was left out' })
    const nothing = await report({ ...log.reader, listEntries: async function* () {} })
    expect(nothing.evidence).toMatchObject({ proven: false, text: 'the entries before the period were left out' })
    const early = await report({
      ...log.reader,
      listEntries: ({ since: _since, ...filter }, options) => log.reader.listEntries(filter, options),
    })
    expect(early.evidence).toMatchObject({ proven: false, text: expect.stringMatching(/^entry 0 is of .*, outside of the period$/) })
  })

  it('of no entries is that of the entries around', async () => {
    const between = await report(log.reader, { from: '2026-03-02T10:00:00.000Z', to: '2026-03-02T11:00:00.000Z' })
    expect(between.evidence).toMatchObject({
      proven: true,
      text: expect.stringMatching(/entry 6 is of an earlier time, and the next entry is of a later time$/),
    })
    const early = await report(log.reader, { from: '2025-01-01T00:00:00.000Z', to: '2025-01-02T00:00:00.000Z' })
    expect(early.evidence).toMatchObject({ proven: true, text: 'there is no entry in the period; the log began later' })
    const made = await report(log.reader, { from: '2027-01-01T00:00:00.000Z', to: '2027-01-02T00:00:00.000Z' })
    expect(made.evidence.proven).toBe(true)
    expect(reportMarkdown(toDocument(made))).toMatch(/## Refusals\n\nNone\./)
  })
})

describe('a hostile name', () => {
  it('is text in Markdown: no HTML, no link, no second row', async () => {
    const text = reportMarkdown(toDocument(await report()))
    const row = text.split('\n').find((line) => line.includes('PERMISSION')) ?? ''
    expect(row).toContain('\\<img src=x onerror=alert(1)\\>\\|\\`\\*\\_\\[a\\](https\\://evil.example)')
    expect(row).toContain('u\\{202e\\}\\\\u\\{a\\}end')
    expect(row.replaceAll(/\\./g, '').split('|')).toHaveLength(10) // eight cells between the outer bars
  })

  it('is text in HTML, and the page asks nobody for anything', async () => {
    const page = reportHtml(toDocument(await report()))
    expect(page).not.toMatch(/<img|<script|<a |onerror=(?!alert\(1\)&#62;)|javascript:|https?:\/\/(?!evil\.example\))/)
    expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;|`*_[a](https://evil.example)\\u{202e}\\u{a}end')
    expect(page).toContain("default-src 'none'")
    expect(page).not.toContain('\u202e')
  })
})

it('has a finding for a burst, and for hours in which hardly anybody signs', async () => {
  const bursting: LogReader = {
    getReceipt: () => Promise.reject(new Error('not asked: nothing is proven here')),
    listEntries: async function* (filter) {
      if (filter.caller !== undefined) return
      const [first] = await Array.fromAsync(log.reader.listEntries({ kind: 'outcome', limit: 1 }, {}))
      if (first === undefined) throw new Error('no outcome')
      let index = 1n
      const at = function* (time: string, count: number) {
        for (let times = 0; times < count; times++) {
          const leaf = { ...first.leaf, time, operationId: newOperationId() }
          yield { index: index++, leaf, bytes: utf8(JSON.stringify(leafJson(leaf))) }
        }
      }
      for (let day = 10; day < 20; day++) for (let minute = 10; minute < 60; minute++) yield* at(`2026-03-${day}T10:${minute}:00.000Z`, 2)
      yield* at('2026-03-20T10:30:00.000Z', 400)
      yield* at('2026-03-23T03:00:00.000Z', 1)
    },
  }
  const made = await makeReport(bursting, log.trust, { ...PERIOD, from: '2026-03-09T00:00:00.000Z', to: '2026-04-01T00:00:00.000Z' }).catch(
    (error: unknown) => error,
  )
  expect(made).not.toBeInstanceOf(Error)
  expect(found(made as Report, 'burst')).toEqual([expect.stringMatching(/^400 signatures in one minute/)])
  expect(found(made as Report, 'unusual-hour')).toEqual([expect.stringMatching(/^1 of 1401 signatures on Monday to Friday, 03:00/)])
})

it('tells what gateways decided, also what was only counted', async () => {
  await using gateway = await reviewedLog()
  const decision = { ...intent({ caller: ALICE, operation: 'mcp.call', modelName: 'files/read' }), kind: 'decision' } as const
  await gateway.audit.append({ ...decision, decision: 'blocked', reason: HOSTILE })
  for (const count of [1, 480]) await gateway.audit.append({ ...decision, decision: 'allowed', count })
  const made = await makeReport(gateway.reader, gateway.trust, { ...PERIOD, from: '2026-03-01T00:00:00.000Z' })
  expect(made.decisions.rows.map(({ name, count }) => [...name, count])).toEqual([
    [ALICE, 'mcp.call', 'allowed', 481],
    [ALICE, 'mcp.call', 'blocked', 1],
  ])
  expect(reportMarkdown(toDocument(made))).toMatch(/Decisions about tools and models[^#]*mcp\.call[^#]*blocked/)
  expect(made.daemonEvents.events.filter(({ what }) => what === 'decision')).toEqual([])
})
