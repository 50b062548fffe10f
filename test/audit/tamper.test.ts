/** A database that was changed behind the log's back is refused when it is opened, listed, or asked for a receipt. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { verifyWholeLog } from '#audit'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { codeOf, intent, openLog, outcome } from './support.ts'

const log = softwareLog('log.example/models')

async function filledLog(leaves: number): Promise<string> {
  const folder = temporaryFolder()
  await using open = await openLog(folder, log)
  for (let left = leaves - 2; left > 0; left -= 2000)
    await Promise.all(Array.from({ length: Math.min(left, 2000) }, () => open.audit.append(intent({ kind: 'refused', result: 'error' }))))
  await open.audit.complete(outcome())
  return folder
}

function change(folder: string, sql: string): void {
  const driver = new DatabaseSync(join(folder, 'sealstone.db'))
  driver.exec(sql)
  driver.close()
}

async function openCode(folder: string): Promise<string> {
  return codeOf(async () => {
    await using _open = await openLog(folder, log)
  })
}

const wholeLogCode = (folder: string): Promise<string> =>
  codeOf(async () => {
    await using open = await openLog(folder, log)
    verifyWholeLog({ db: open.db, origin: log.origin, keys: log.keys, verifier: nobleVerifier })
  })

const FLIP = `bytes = cast(replace(cast(bytes AS TEXT), '"caller":"spiffe', '"caller":"spiffd') AS BLOB)`

it('opens and verifies when nothing was changed', async () => {
  const folder = await filledLog(300)
  await expect(openCode(folder)).resolves.toBe('nothing thrown')
  await expect(wholeLogCode(folder)).resolves.toBe('nothing thrown')
})

it.each([
  ['one byte of the last leaf', `UPDATE audit_leaf SET ${FLIP} WHERE idx = 299`],
  ['one byte of a leaf at the edge', `UPDATE audit_leaf SET ${FLIP} WHERE idx = 256`],
  ['the last leaf dropped', 'DELETE FROM audit_leaf WHERE idx = 299'],
  ['the last leaf dropped and the head set back', 'DELETE FROM audit_leaf WHERE idx = 299; UPDATE audit_head SET size = 299'],
  ['one byte of a leaf in the last full tiles', `UPDATE audit_leaf SET ${FLIP} WHERE idx = 17`],
  ['a leaf there dropped', 'DELETE FROM audit_leaf WHERE idx = 17'],
  ['a hash in one of them', 'UPDATE audit_tile SET hashes = zeroblob(8192)'],
  ['a leaf at the edge dropped', 'DELETE FROM audit_leaf WHERE idx = 270'],
  [
    'two leaves swapped',
    'UPDATE audit_leaf SET idx = 999 WHERE idx = 280; UPDATE audit_leaf SET idx = 280 WHERE idx = 281; UPDATE audit_leaf SET idx = 281 WHERE idx = 999',
  ],
  [
    'a leaf added',
    'INSERT INTO audit_leaf SELECT 300, time, kind, operation_id, caller, key, model_name, result, bytes FROM audit_leaf WHERE idx = 299',
  ],
  ['a tile root changed', 'UPDATE audit_tile SET root = zeroblob(32)'],
  ['a tile dropped', 'DELETE FROM audit_tile'],
  ['the stored root changed', 'UPDATE audit_head SET root = zeroblob(32)'],
  ['the checkpoint dropped', 'UPDATE audit_head SET checkpoint = NULL'],
  ['the checkpoint changed', "UPDATE audit_head SET checkpoint = replace(checkpoint, char(10) || '300' || char(10), char(10) || '299' || char(10))"],
  ['the head dropped', 'DELETE FROM audit_head'],
  ['all leaves dropped', 'DELETE FROM audit_leaf'],
])('refuses to open with %s', async (_what, sql) => {
  const folder = await filledLog(300)
  change(folder, sql)
  await expect(openCode(folder)).resolves.toBe('AUDIT_CORRUPT')
})

it('refuses a log that was rolled back together with its head, when the checkpoint is newer', async () => {
  const folder = await filledLog(10)
  const driver = new DatabaseSync(join(folder, 'sealstone.db'))
  const old = driver.prepare('SELECT size, root FROM audit_head').get() as { size: number; root: Uint8Array }
  driver.close()
  {
    await using open = await openLog(folder, log)
    await open.audit.complete(outcome())
  }
  const again = new DatabaseSync(join(folder, 'sealstone.db'))
  again.exec('DELETE FROM audit_leaf WHERE idx >= 10')
  again.prepare('UPDATE audit_head SET size = ?, root = ?').run(old.size, old.root)
  again.close()
  await expect(openCode(folder)).resolves.toBe('AUDIT_CORRUPT')
})

it('refuses a log that other keys signed', async () => {
  const folder = await filledLog(10)
  await expect(codeOf(openLog(folder, softwareLog(log.origin)))).resolves.toBe('AUDIT_CORRUPT')
})

// Opening looks at the last 16 full tiles, so that it stays quick; a leaf further back is caught when it is used, and by the whole check.
it.each([
  ['one byte of an old leaf', `UPDATE audit_leaf SET ${FLIP} WHERE idx = 17`, 17n],
  ['a hash in a full tile', 'UPDATE audit_tile SET hashes = zeroblob(8192) WHERE level = 0 AND number = 0', 17n],
])('neither lists nor proves %s', async (_what, sql, index) => {
  const folder = await filledLog(17 * 256 + 2)
  change(folder, sql)
  await using open = await openLog(folder, log)
  await expect(codeOf(() => [...open.audit.entries({ from: index, limit: 1 })])).resolves.toBe('AUDIT_CORRUPT')
  await expect(codeOf(open.audit.receipt(index))).resolves.toBe('AUDIT_CORRUPT')
  await expect(wholeLogCode(folder)).resolves.toBe('AUDIT_CORRUPT')
})

it.each([
  ['a filter column', "UPDATE audit_leaf SET caller = 'local' WHERE idx = 17"],
  ['an intent taken off the list', 'DELETE FROM audit_open_intent'],
])('finds %s in the whole check', async (_what, sql) => {
  const folder = await filledLog(300)
  {
    await using open = await openLog(folder, log)
    await open.audit.append(intent())
  }
  await expect(wholeLogCode(folder)).resolves.toBe('nothing thrown')
  change(folder, sql)
  await expect(wholeLogCode(folder)).resolves.toBe('AUDIT_CORRUPT')
})

it('notices a second writer instead of forking the log', async () => {
  const folder = temporaryFolder()
  await using first = await openLog(folder, log)
  await using second = await openLog(folder, log)
  await first.audit.append(intent())
  await expect(codeOf(second.audit.complete(outcome()))).resolves.toBe('AUDIT_UNAVAILABLE')
  expect((await second.audit.complete(outcome())).index).toBe(2n) // it has read what the other one wrote
  expect(verifyWholeLog({ db: second.db, origin: log.origin, keys: log.keys, verifier: nobleVerifier }).size).toBe(3n)
})
