/** Rules: closed, checked before the watch begins, and matched as they read. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newOperationId, parseIdentity } from '#core'
import { parseRules } from '#monitor'
import type { Leaf } from '#tlog'
import { parseHours } from '../../src/monitor/hours.ts'
import { RuleWatch } from '../../src/monitor/rule-watch.ts'

const EXAMPLE = `
[[rule]]
name = "out of hours"
kind = "outcome"
operation = "sign"
key = "prod-*"
caller = "spiffe://example.org/*"
model = "*bert*"
result = "ok"
outside_hours = "Mon-Fri 08:00-18:00 Europe/Berlin"
severity = "critical"

[[rule]]
name = "many refusals"
kind = "refused"
more_than = 2
within = "1h"
`

describe('rules', () => {
  it.each([
    ['no rule at all', 'name = "x"', /unknown setting "name", want \[\[rule\]\] tables/],
    ['an empty file', '', /want 1 to 100 \[\[rule\]\] tables/],
    ['no TOML', '[[rule', /not valid TOML/],
    ['a rule without a name', '[[rule]]\nkind = "outcome"', /rule 1 has no name/],
    ['two of one name', '[[rule]]\nname = "a"\n[[rule]]\nname = "a"', /two rules are named "a"/],
    ['an unknown setting', '[[rule]]\nname = "a"\noutside_hour = "x"', /rule 1 has an unknown setting "outside_hour"/],
    ['an unknown kind', '[[rule]]\nname = "a"\nkind = "signing"', /kind of rule "a" is "signing", want one of log-start, intent/],
    ['an unknown severity', '[[rule]]\nname = "a"\nseverity = "loud"', /severity of rule "a"/],
    ['a number for a text', '[[rule]]\nname = "a"\nkey = 5', /key of rule 1 is "?5/],
    ['half of a frequency', '[[rule]]\nname = "a"\nmore_than = 5', /one of more_than and within/],
    ['a span that is none', '[[rule]]\nname = "a"\nmore_than = 5\nwithin = "an hour"', /rule "a": within is "an hour", want a span of time/],
    ['a count over the limit', '[[rule]]\nname = "a"\nmore_than = 10001\nwithin = "1h"', /want a whole number from 0 to 10000/],
    [
      'a zone that is none',
      '[[rule]]\nname = "a"\noutside_hours = "Mon-Fri 08:00-18:00 Europe/Atlantis"',
      /there is no time zone "Europe\/Atlantis"/,
    ],
    ['a day that is none', '[[rule]]\nname = "a"\noutside_hours = "Mon-Fry 08:00-18:00 UTC"', /days are Mon, Tue/],
    ['an hour that is none', '[[rule]]\nname = "a"\noutside_hours = "Mon 08:00-25:00 UTC"', /25:00 is no time of day/],
    ['hours without a zone', '[[rule]]\nname = "a"\noutside_hours = "Mon 08:00-18:00"', /want for example/],
  ])('refuse %s', (_, text, message) => {
    expect(() => parseRules(text)).toThrow(message)
  })

  it('of the documentation are rules', () => {
    const document = readFileSync(join(import.meta.dirname, '../../docs/audit-guide.md'), 'utf8')
    const [, example = ''] = /^### Rules\n[^]*?```toml\n([^]*?)```/m.exec(document) ?? []
    expect(parseRules(example).map(({ severity }) => severity)).toEqual(['critical', 'warning', 'warning', 'info'])
  })

  it('name the setting that was meant', () => {
    const refusal = (() => {
      try {
        return parseRules('[[rule]]\nname = "a"\noutside_hour = "x"')
      } catch (thrown) {
        return (thrown as { hint?: string }).hint
      }
    })()
    expect(refusal).toBe('did you mean outside_hours?')
  })

  it('match an entry only if each pattern does', () => {
    const night = leaf({ time: '2026-01-10T03:00:00.000Z' }) // a Saturday
    expect(alertsOf(night)).toEqual(['critical out of hours'])
    expect(alertsOf({ ...night, time: '2026-01-12T09:00:00.000Z' })).toEqual([]) // a Monday at ten in Berlin
    expect(alertsOf({ ...night, key: 'staging' })).toEqual([])
    expect(alertsOf({ ...night, caller: parseIdentity('local') })).toEqual([])
    expect(alertsOf({ ...night, modelName: 'gpt' })).toEqual([])
    expect(alertsOf({ ...night, result: 'error' })).toEqual([])
    const { modelName: _, ...nameless } = night
    expect(alertsOf(nameless)).toEqual([])
  })

  it('tell what a gateway blocked from what it let through', () => {
    const rules = '[[rule]]\nname = "blocked"\nkind = "decision"\noperation = "mcp.*"\ndecision = "blocked"'
    const alerts = (members: Partial<Leaf>) =>
      new RuleWatch(parseRules(rules), {}).look(0n, leaf({ kind: 'decision', operation: 'mcp.call', ...members }))
    expect(alerts({ decision: 'blocked', modelName: 'files/read' })).toMatchObject([
      { rule: 'blocked', message: expect.stringContaining('files/read') as string },
    ])
    expect([...alerts({ decision: 'allowed' }), ...alerts({})]).toEqual([])
  })

  it('count within their span, tell once for so many, and go on counting in the next round', () => {
    const refused = (minute: number) =>
      leaf({
        kind: 'refused',
        time: `2026-01-12T${String(9 + Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}:00.000Z`,
      })
    const rules = parseRules(EXAMPLE)
    const first = new RuleWatch(rules, {})
    expect([0, 30].flatMap((minute) => first.look(0n, refused(minute)))).toEqual([])
    const second = new RuleWatch(rules, structuredClone(first.times))
    expect(second.look(7n, refused(59))).toMatchObject([{ rule: 'many refusals', index: 7n, message: expect.stringContaining('(3 within 3600 s)') }])
    expect([60, 61].flatMap((minute) => second.look(8n, refused(minute)))).toEqual([])
    const slow = new RuleWatch(rules, {})
    expect([0, 59, 61, 121].flatMap((minute) => slow.look(0n, refused(minute)))).toEqual([])
  })
})

describe('hours', () => {
  it.each([
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-07-06T06:00:00Z', true], // eight in summer
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-01-05T06:59:00Z', false], // one to eight in winter
    ['Mon-Fri 08:00-18:00 Europe/Berlin', '2026-01-05T17:00:00Z', false], // six o'clock is over
    ['Fri-Mon 00:00-24:00 UTC', '2026-01-04T12:00:00Z', true], // a Sunday
    ['Fri-Mon 00:00-24:00 UTC', '2026-01-06T12:00:00Z', false],
    ['Mon,Wed 08:00-18:00 UTC', '2026-01-06T12:00:00Z', false],
    ['Mon 22:00-06:00 UTC', '2026-01-06T05:00:00Z', true], // Monday's night
    ['Mon 22:00-06:00 UTC', '2026-01-05T05:00:00Z', false], // Sunday's
    ['Mon 22:00-06:00 UTC', '2026-01-05T23:00:00Z', true],
  ])('%s at %s: %s', (hours, time, isWithin) => {
    expect(parseHours(hours).contains(new Date(time))).toBe(isWithin)
  })
})

function leaf(members: Partial<Leaf>): Leaf {
  return {
    version: 1,
    time: '2026-01-10T03:00:00.000Z',
    kind: 'outcome',
    operationId: newOperationId(),
    caller: parseIdentity('spiffe://example.org/registry'),
    operation: 'sign',
    key: 'prod-2026',
    modelName: 'big-bert-1',
    result: 'ok',
    ...members,
  }
}

function alertsOf(entry: Leaf): string[] {
  return new RuleWatch(parseRules(EXAMPLE), {}).look(0n, entry).map(({ severity, rule }) => `${severity} ${rule}`)
}
