/** Whatever is changed in whatever column of whatever table of the log, fsck finds it; what it does not look at is listed here, with the reason. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { verifyWholeLog } from '#audit'
import type { Row, SqlValue } from '#db'
import { decodeCheckpoint, parseNote } from '#tlog'
import { grow } from '../publish/support.ts'
import { type Random, seededRandom } from '../support/seeded-random.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'
import { codeOf, intent, type OpenLog, openLog } from './support.ts'

/** Nobody believes these: they are judged anew wherever they are used. */
const NOT_LOOKED_AT: Readonly<Record<string, string>> = {
  audit_answer: 'an answer is verified by whoever gets it again',
  audit_witness: 'a guess that the witness corrects',
  schema_version: 'not of the log',
  'audit_head.only': 'the table lets it be nothing but 1',
  'audit_cosigned.quorate': 'counted at every start, by the witnesses of the day',
  'audit_stamped.time': 'says only when the next timestamp is due',
}
const TABLES = ['audit_leaf', 'audit_tile', 'audit_head', 'audit_open_intent', 'audit_cosigned', 'audit_stamped']
const LEAVES = 300
const ROWS = 3

const log = softwareLog('log.example/models')
const folder = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
let open: OpenLog
/** One full tile and an edge, two open intents, a checkpoint that was cosigned and one that was timestamped. */
beforeAll(async () => {
  open = await openLog(folder, log)
  for (const [table, entries] of [
    ['audit_stamped (size, note, time)', 270],
    ['audit_cosigned (size, note, quorate)', 10],
  ] as const) {
    await grow(open, entries)
    const note = String(open.db.prepare('SELECT checkpoint FROM audit_head').get()?.['checkpoint'])
    const { size } = decodeCheckpoint(parseNote(note).text)
    open.db.prepare(`INSERT INTO ${table} VALUES (?, ?, 1)`).run(size, softwareWitness('witness.example/w1').cosign(note))
  }
  await open.audit.append(intent())
  await open.audit.append(intent())
  await grow(open, LEAVES - 283)
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const fsck = (): Promise<string> => codeOf(() => verifyWholeLog({ db: open.db, origin: log.origin, keys: log.keys, verifier: nobleVerifier }))

it('finds nothing in the log as it was written, and knows all of its tables', async () => {
  expect(await fsck()).toBe('nothing thrown')
  const tables = open.db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
  expect(tables.map(({ name }) => String(name)).filter((name) => !(name in NOT_LOOKED_AT))).toEqual(expect.arrayContaining(TABLES))
  expect(tables.filter(({ name }) => !TABLES.includes(String(name)) && !(String(name) in NOT_LOOKED_AT))).toEqual([])
})

it.each(TABLES)('finds every change of a column of %s', async (table) => {
  const random = seededRandom(table.length * 7919)
  const rows = open.db.prepare(`SELECT * FROM ${table}`).all()
  const missed: string[] = []
  for (const column of Object.keys(rows[0] ?? {})) {
    if (`${table}.${column}` in NOT_LOOKED_AT) continue
    for (let round = 0; round < ROWS; round++) {
      const row = rows[Math.floor(random() * rows.length)] as Row
      for (const value of changesOf(row[column] as SqlValue, random)) {
        const said = await saidOf(`UPDATE OR REPLACE ${table} SET ${column} = ? WHERE ${whereOf(row)}`, value, ...Object.values(row))
        if (said !== 'AUDIT_CORRUPT') missed.push(`${column} = ${show(row[column] as SqlValue)}, now ${show(value)}: ${said}`)
      }
    }
  }
  expect(rows.length).toBeGreaterThan(0)
  expect(missed).toEqual([])
})

it.each(['audit_leaf', 'audit_tile', 'audit_head', 'audit_open_intent'])('finds every row of %s that is gone', async (table) => {
  const rows = open.db.prepare(`SELECT * FROM ${table}`).all()
  for (const row of rows.filter((_, at) => at % 29 === 0))
    expect(await saidOf(`DELETE FROM ${table} WHERE ${whereOf(row)}`, ...Object.values(row))).toBe('AUDIT_CORRUPT')
})

it.each<[what: string, sql: string]>([
  [
    'a leaf before the first',
    `INSERT INTO audit_leaf SELECT -1, time, kind, operation_id, caller, key, model_name, result, bytes FROM audit_leaf WHERE idx = 0`,
  ],
  [
    'a leaf behind the last',
    `INSERT INTO audit_leaf SELECT ${LEAVES}, time, kind, operation_id, caller, key, model_name, result, bytes FROM audit_leaf WHERE idx = 0`,
  ],
  [
    'a leaf far behind the last',
    `INSERT INTO audit_leaf SELECT ${2 ** 52}, time, kind, operation_id, caller, key, model_name, result, bytes FROM audit_leaf WHERE idx = 0`,
  ],
  ['a tile', `INSERT INTO audit_tile SELECT -1, number, root, hashes FROM audit_tile`],
  ['an open intent', `INSERT INTO audit_open_intent VALUES (x'00112233445566778899aabbccddeeff', 0)`],
  ['an intent that is open twice', `INSERT INTO audit_open_intent SELECT x'00112233445566778899aabbccddeeff', idx FROM audit_open_intent LIMIT 1`],
])('finds a row too many: %s', async (_what, sql) => {
  expect(await saidOf(sql)).toBe('AUDIT_CORRUPT')
})

/** What fsck says of the log with something done to it, which is undone then. */
async function saidOf(sql: string, ...values: SqlValue[]): Promise<string> {
  const { db } = open
  db.prepare('SAVEPOINT change').run()
  try {
    db.prepare(sql).run(...values)
    return await fsck()
  } finally {
    db.prepare('ROLLBACK TO change').run()
    db.prepare('RELEASE change').run()
  }
}

function whereOf(row: Row): string {
  return Object.keys(row)
    .map((column) => `${column} IS ?`)
    .join(' AND ')
}

/** Of the same type, since the tables are strict, and another value. */
function changesOf(value: SqlValue, random: Random): SqlValue[] {
  if (typeof value === 'number') return [value + 1, value - 1, -value - 2, 2n ** 60n]
  if (typeof value === 'string') {
    const signed = value.indexOf('witness.example') // what others signed is judged by whoever knows their keys
    const at = Math.floor(random() * (signed < 0 ? value.length : signed - 2))
    const letter = value[at] === 'A' ? 'B' : 'A'
    return [value.slice(0, at) + letter + value.slice(at + 1), value.slice(0, at), `${value}\n`, '']
  }
  if (value instanceof Uint8Array) {
    const flipped = Uint8Array.from(value)
    const at = Math.floor(random() * value.length)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8))
    return [flipped, value.slice(0, at), Uint8Array.from([...value, 0]), new Uint8Array()]
  }
  return ['local'] // a column that was empty
}

function show(value: SqlValue): string {
  return (value instanceof Uint8Array ? value.toHex() : `${value as string | number | bigint}`).slice(0, 60)
}
