/** Who reads a large part of the log is told in it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newOperationId, parseIdentity, SealstoneError } from '#core'
import { createOperations, type EntryFilter } from '#operations'
import type { Leaf } from '#tlog'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

const AUDITOR = parseIdentity('auditor.example.org')
let home: LiveInstallation

beforeAll(async () => {
  home = await openInstallation()
  const leaf = { kind: 'refused', caller: AUDITOR, operation: 'sign', result: 'error' } as const
  await Promise.all(Array.from({ length: 1500 }, () => home.context.audit.append({ ...leaf, operationId: newOperationId() })))
})
afterAll(() => home[Symbol.asyncDispose]())

/** What is read, and what the log says of it afterwards. */
async function read(filter: EntryFilter, isExport?: boolean): Promise<{ readonly count: number; readonly told: Leaf[] }> {
  const { audit } = home.context
  const from = audit.size()
  const call = { ...home.call, identity: AUDITOR }
  const entries = await Array.fromAsync(home.operations.listEntries(call, filter, isExport === undefined ? {} : { isExport }))
  return { count: entries.length, told: [...audit.entries({ from })].map(({ leaf }) => leaf) }
}

it('once, before the 1,001st entry, with what was asked for', async () => {
  const { count, told } = await read({ kind: 'refused', since: '2026-01-01' })
  expect(count).toBe(1500)
  expect(told).toMatchObject([
    {
      kind: 'log-export',
      caller: AUDITOR,
      operation: 'audit.read',
      result: 'ok',
      reason: expect.stringMatching(/^entries from 0 to \d+, kind refused, since 2026-01-01$/) as string,
      policyRule: 0,
      policyDigest: home.context.policyDigest,
    },
  ])
})

it('not for a look at some of them', async () => {
  expect(await read({ limit: 1000, reverse: true })).toEqual({ count: 1000, told: [] })
})

it('whatever there is, where the caller says that it is an export', async () => {
  const { told } = await read({ limit: 1, from: 7n }, true)
  expect(told).toMatchObject([{ kind: 'log-export', reason: expect.stringMatching(/^entries from 7 to \d+, at most 1$/) as string }])
})

it('without the name of the caller whose entries they are, which may be meant to be a pseudonym', async () => {
  const { told } = await read({ caller: AUDITOR }, true)
  expect(told[0]?.reason).toMatch(/^entries from 0 to \d+, of one caller$/)
})

it('and while the log cannot be written, nobody reads unseen', async () => {
  const { audit } = home.context
  const full = {
    append: () => Promise.reject(new SealstoneError('AUDIT_UNAVAILABLE')),
    size: () => audit.size(),
    page: (...of: Parameters<typeof audit.page>) => audit.page(...of),
  } as Partial<typeof audit> as typeof audit
  let count = 0
  const reading = (async () => {
    for await (const _entry of createOperations({ ...home.context, audit: full }).listEntries(home.call, {})) count += 1
  })()
  await expect(reading).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
  expect(count).toBe(1000)
})

it('a link into the console, which shows all of it, before it is given out', async () => {
  const { audit } = home.context
  const from = audit.size()
  const newConsoleLink = () => ({ url: 'http://127.0.0.1:7490/open?token=secret', minutes: 10 })
  const operations = createOperations({ ...home.context, newConsoleLink })
  const local = { ...home.call, identity: parseIdentity('local') }
  expect(await operations.openConsole(local)).toMatchObject({ minutes: 10 })
  const told = [...audit.entries({ from })].map(({ leaf }) => leaf)
  expect(told).toMatchObject([
    { kind: 'log-export', caller: 'local', operation: 'console.open', reason: 'a link to the console, good for 10 minutes' },
  ])
  expect(JSON.stringify(told)).not.toContain('secret')
  const full = { ...audit, append: () => Promise.reject(new SealstoneError('AUDIT_UNAVAILABLE')) }
  const refusing = createOperations({ ...home.context, newConsoleLink, audit: full })
  await expect(refusing.openConsole(local)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
})
