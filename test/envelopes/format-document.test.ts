/** docs/format.md says what the code does. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KEY_STATES, LIMITS } from '#core'
import { CHECK_NAMES, HYBRID_MEDIA_TYPE, MODEL_PREDICATE_TYPE } from '#envelopes'
import { LEAF_KINDS } from '#tlog'
import { makeCase } from './judging.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/format.md'), 'utf8')

describe('docs/format.md', () => {
  it('lists every limit with its value', () => {
    const rows = Array.from(text.matchAll(/^\| [^|]+ \| ([\d,]+)[^|]* \| `(\w+)` \|$/gm), ([, value = '', name = '']) => [
      name,
      Number(value.replaceAll(',', '')),
    ])
    expect(Object.fromEntries(rows)).toEqual(LIMITS)
  })

  it('lists every check in its order', () => {
    const [, table = ''] = /\| Check \|.*\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(text) ?? []
    expect(Array.from(table.matchAll(/^\| `([a-z-]+)` \|/gm), ([, name]) => name)).toEqual(CHECK_NAMES)
  })

  it('lists every member and kind of a leaf', () => {
    const [, table = ''] = /\| Member \|.*\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(text) ?? []
    const members = Array.from(table.matchAll(/^\| ([^|]+) \|/gm), ([, names = '']) => names.match(/\w+/g) ?? []).flat()
    const { leaf } = makeCase().signed
    expect(Object.keys(leaf).filter((name) => !members.includes(name))).toEqual([])
    expect(LEAF_KINDS.filter((kind) => !table.includes(`\`${kind}\``))).toEqual([])
  })

  it('names the types and states', () => {
    for (const name of [HYBRID_MEDIA_TYPE, MODEL_PREDICATE_TYPE, ...KEY_STATES]) expect(text).toContain(name)
  })
})
