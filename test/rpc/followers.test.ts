/** Callers that follow the log: only so many, none for long, and none that keeps the server from its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { connectToSocket, entry, failure, fakeOperations, readAll, serveOnSocket } from './support.ts'

function quietLog(): { readonly waiting: () => number; readonly operations: ReturnType<typeof fakeOperations>['operations'] } {
  let waiting = 0
  const { operations } = fakeOperations({
    listEntries: async function* (_call, _filter, { following } = {}) {
      yield entry(0n)
      if (following === undefined) return
      waiting++
      while (!following.isOver()) await sleep(5)
      waiting--
    },
  })
  return { waiting: () => waiting, operations }
}

it('refuses one follower too many, and lets others list; one that leaves makes room', async () => {
  const { operations, waiting } = quietLog()
  const { socket } = await serveOnSocket(operations, { followers: 2, followMs: 500 })
  const { audit } = connectToSocket(socket)
  const streams = [audit.listEntries({ follow: true }), audit.listEntries({ follow: true })]
  const ended = streams.map((stream) => readAll(stream))
  await expect.poll(waiting).toBe(2)
  expect((await failure(readAll(audit.listEntries({ follow: true })))).error.code).toBe('OVERLOADED')
  expect(await readAll(audit.listEntries({}))).toHaveLength(1)
  expect((await Promise.all(ended)).map(({ length }) => length)).toEqual([1, 1]) // ended well, after their time
  expect(await readAll(audit.listEntries({ follow: true }))).toHaveLength(1)
})

it('ends followers at once when the server drains', async () => {
  const { operations, waiting } = quietLog()
  const { socket, server, lines } = await serveOnSocket(operations)
  const ended = readAll(connectToSocket(socket).audit.listEntries({ follow: true }))
  await expect.poll(waiting).toBe(1)
  const started = performance.now()
  await server.drain(20_000)
  expect(await ended).toHaveLength(1)
  expect(performance.now() - started).toBeLessThan(5000)
  expect(lines.filter(({ level }) => level === 'warn')).toEqual([])
})
