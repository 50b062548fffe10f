/** What the log tells of moving old entries into cold storage: as much as was moved, also what was moved while nobody read of it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cancelled, parseIdentity } from '#core'
import { type ArchivePort, type ArchiveStep, createOperations } from '#operations'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

let home: LiveInstallation

beforeAll(async () => {
  home = await openInstallation()
})
afterAll(() => home[Symbol.asyncDispose]())

/** Moves 256 entries that it tells of, and 256 that are on their way by then. */
function archive(onStop: () => void): ArchivePort {
  return {
    directory: '/cold',
    open: () =>
      Promise.resolve({
        plan: { start: 0n, end: 1024n, size: 2000n, reason: 'entries 0 to 1023 to /cold' },
        async *move(): AsyncGenerator<ArchiveStep> {
          yield await Promise.resolve({ kind: 'progress', work: 'moving', done: 256, total: 1024, moved: 256 })
        },
        stop: () => {
          onStop()
          return Promise.resolve(512)
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  }
}

it('tells what was moved when nothing moves any more, also where its reader has gone', async () => {
  const { audit } = home.context
  const from = audit.size()
  let toldAtStop: bigint | undefined
  const operations = createOperations({ ...home.context, archive: archive(() => (toldAtStop ??= audit.size())) })
  for await (const news of operations.archiveEntries(home.call, { before: 1100n })) {
    expect(news).toMatchObject({ kind: 'progress', done: 256 })
    break
  }
  expect(toldAtStop).toBe(from + 1n) // the intent, and no outcome
  expect(Array.from(audit.entries({ from }), ({ leaf }) => leaf)).toMatchObject([
    { kind: 'intent', operation: 'audit.archive' },
    { kind: 'outcome', operation: 'audit.archive', result: 'error', errorCode: 'CANCELLED', count: 512 },
  ])
})

it('called off while it is looked what there is to move leaves nothing in the log, which is free for the next run', async () => {
  const { audit } = home.context
  const from = audit.size()
  const stop = new AbortController()
  const open: ArchivePort['open'] = (_wanted, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(cancelled(signal)))
      stop.abort()
    })
  const operations = createOperations({ ...home.context, archive: { directory: '/cold', open } })
  const call = { ...home.call, signal: stop.signal }
  await expect(Array.fromAsync(operations.archiveEntries(call, { before: 1100n }))).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(audit.size()).toBe(from)
})

it('refuses whoever is not the owner of the socket, whatever the policy allows, and says so in the log', async () => {
  const { audit } = home.context
  const from = audit.size()
  const operations = createOperations({ ...home.context, archive: archive(() => {}) })
  const call = { ...home.call, identity: parseIdentity('auditor.example.org') }
  await expect(Array.fromAsync(operations.archiveEntries(call, { before: 1100n }))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await expect(operations.openConsole(call)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  expect(Array.from(audit.entries({ from }), ({ leaf }) => leaf)).toMatchObject([
    {
      kind: 'refused',
      operation: 'audit.archive',
      caller: 'auditor.example.org',
      errorCode: 'PERMISSION_DENIED',
      reason: "only the owner of the daemon's socket may move entries of the log",
    },
    {
      kind: 'refused',
      operation: 'audit.read',
      caller: 'auditor.example.org',
      errorCode: 'PERMISSION_DENIED',
      reason: "only the owner of the daemon's socket may open the console",
    },
  ])
})
