/** An index that does not say what its table says lets a search miss entries that are in the log: fsck finds it, whatever was done to the index. */
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIT_MIGRATIONS, checkWholeLog } from '#audit'
import { openDatabaseForReading } from '#db'
import { grow } from '../publish/support.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openLog, outcome } from './support.ts'

const log = softwareLog('log.example/models')
const known = { origin: log.origin, keys: log.keys, verifier: nobleVerifier }
const home = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
beforeAll(async () => {
  await using open = await openLog(home, log)
  await grow(open, 290)
  await open.audit.complete(outcome({ result: 'error', errorCode: 'INTERNAL' }))
})

/** With what SQLite lets its owner do to its own schema. */
async function findingsAfter(...statements: readonly string[]): Promise<readonly string[]> {
  const folder = temporaryFolder()
  cpSync(home, folder, { recursive: true })
  const database = join(folder, 'sealstone.db')
  for (const statement of statements) {
    // Each by a connection of its own: the schema is read when one opens.
    using driver = new DatabaseSync(database, { defensive: false })
    driver.exec(`PRAGMA writable_schema = ON; ${statement}`)
  }
  const { findings } = await checkWholeLog({ database, log: known })
  return findings.map(({ where, changed, detail }) => `${where}, ${changed}: ${detail}`)
}

const replaced = (name: string, from: string, to: string) =>
  `UPDATE sqlite_schema SET sql = replace(sql, '${from.replaceAll("'", "''")}', '${to.replaceAll("'", "''")}') WHERE name = '${name}'`

it('finds nothing in a database as it was written', async () => {
  expect(await findingsAfter()).toEqual([])
})

it('finds an index that lacks the entries that somebody took out of it', async () => {
  const [without, whole] = ["result <> 'ok' AND idx < 3", "result <> 'ok'"]
  const findings = await findingsAfter(
    replaced('audit_leaf_rare_result', whole, without),
    'REINDEX audit_leaf_rare_result',
    replaced('audit_leaf_rare_result', without, whole),
  )
  expect(findings).toContain('database, index: the database itself is not sound: row 292 missing from index audit_leaf_rare_result')
})

it('finds an index that leaves entries out by what it is itself, one that is gone, and one that is not ours', async () => {
  const kinds = "kind NOT IN ('intent', 'outcome'"
  expect((await findingsAfter(replaced('audit_leaf_rare_kind', kinds, `${kinds}, 'refused'`), 'REINDEX audit_leaf_rare_kind')).join()).toContain(
    'index audit_leaf_rare_kind is not the one that was made',
  )
  expect(await findingsAfter('DROP INDEX audit_leaf_operation')).toEqual([
    'database, index: the database itself is not sound: index audit_leaf_operation is missing',
  ])
  expect((await findingsAfter('CREATE UNIQUE INDEX foreign_one ON audit_leaf (idx)')).join()).toContain('there is an index foreign_one that is none')
})

it('finds a trigger that would change what is written', async () => {
  const trigger = "CREATE TRIGGER quiet AFTER INSERT ON audit_leaf BEGIN UPDATE audit_leaf SET caller = 'local' WHERE idx = new.idx; END"
  expect((await findingsAfter(trigger)).join()).toContain('there is a trigger quiet')
})

it('finds a page of an index that was overwritten in the file', async () => {
  const folder = temporaryFolder()
  cpSync(home, folder, { recursive: true })
  const database = join(folder, 'sealstone.db')
  const db = openDatabaseForReading(database, AUDIT_MIGRATIONS)
  const page = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_leaf_operation'").get()?.['rootpage'] as number
  db.close()
  const pageBytes = readFileSync(database).readUInt16BE(16) // sqlite.org/fileformat.html §1.3.2
  const file = openSync(database, 'r+')
  writeSync(file, Buffer.alloc(64, 0xa5), 0, 64, page * pageBytes - 64)
  closeSync(file)
  const { findings } = await checkWholeLog({ database, log: known })
  expect(findings.map(({ changed }) => changed)).toContain('index')
})
