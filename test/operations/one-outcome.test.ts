/** An operation that ended well, but whose outcome could not be written at once, has one outcome in the log later, and it says that it ended well. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createOperations } from '#operations'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

let home: LiveInstallation
beforeAll(async () => {
  home = await openInstallation()
})
afterAll(() => home[Symbol.asyncDispose]())

function inDatabase(sql: string): void {
  using driver = new DatabaseSync(join(home.folder, 'sealstone.db'))
  driver.exec(sql)
}

const refuseOutcomes = (): void =>
  inDatabase("CREATE TRIGGER no_outcome BEFORE INSERT ON audit_leaf WHEN NEW.kind = 'outcome' BEGIN SELECT RAISE(ABORT, 'refused by the test'); END")

it.each(['keys.backup', 'keys.restore'])('%s', async (operation) => {
  const { context, call } = home
  const operations = createOperations({
    ...context,
    backup: async () => {
      refuseOutcomes()
      return { folder: '/backup', treeSize: 1, recoverable: [], notRecoverable: [] }
    },
    keys: {
      ...context.keys,
      restoring: async () => {
        refuseOutcomes()
        return [] as never
      },
    },
  })
  const asked = operation === 'keys.backup' ? operations.backupKeys(call) : operations.restoreKeys(call, { identityFile: '/identity' })
  await expect(asked).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
  inDatabase('DROP TRIGGER no_outcome')
  await home.freshKey() // whatever is written next takes along what waited
  const outcomes = (): string[] => home.events('outcome').filter((event) => event.startsWith(operation))
  await expect.poll(outcomes).toEqual([`${operation} ok`])
  await home.freshKey()
  expect(outcomes()).toEqual([`${operation} ok`])
})
