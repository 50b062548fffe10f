/** Callers that follow the log: only so many, none for long, and none that keeps the server from its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { connectToSocket, entry, failure, fakeOperations, readAll, serveOnSocket } from './support.ts'

function quietLog(): { readonly waiting: () => number; readonly operations: ReturnType<typeof fakeOperations>['operations'] } {
  let waiting = 0
  const { operations } = fakeOperations({
    listEntries: async function* ({ signal }, _filter, { following } = {}) {
      yield entry(0n)
      if (following === undefined) return
      waiting++
      while (!following.isOver() && !signal.aborted) await sleep(5)
      waiting--
    },
  })
  return { waiting: () => waiting, operations }
}

it('refuses one follower too many, and lets others list; one that leaves makes room', async () => {
  const { operations, waiting } = quietLog()
  const { socket } = await serveOnSocket(operations, { followers: 2 })
  const { audit } = connectToSocket(socket)
  const follow = () => audit.listEntries({ follow: true })
  const streams = [follow(), follow()]
  const left = failure(readAll(streams[0] as ReturnType<typeof follow>))
  const stays = failure(readAll(streams[1] as ReturnType<typeof follow>))
  await expect.poll(waiting).toBe(2)
  expect((await failure(readAll(follow()))).error.code).toBe('OVERLOADED')
  expect(await readAll(audit.listEntries({}))).toHaveLength(1)
  streams[0]?.cancel()
  await left
  await expect.poll(waiting).toBe(1)
  const third = follow()
  const comes = failure(readAll(third))
  await expect.poll(waiting).toBe(2)
  for (const stream of [streams[1], third]) stream?.cancel()
  await Promise.all([stays, comes])
})

it('ends a follower well after its time', async () => {
  const { operations } = quietLog()
  const { socket } = await serveOnSocket(operations, { followMs: 300 })
  expect(await readAll(connectToSocket(socket).audit.listEntries({ follow: true }))).toHaveLength(1)
})

it('ends followers at once when the server drains', async () => {
  const { operations, waiting } = quietLog()
  const { socket, server, lines } = await serveOnSocket(operations)
  const ended = readAll(connectToSocket(socket).audit.listEntries({ follow: true }))
  await expect.poll(waiting).toBe(1)
  const started = performance.now()
  await server.drain(100_000)
  expect(await ended).toHaveLength(1)
  expect(performance.now() - started).toBeLessThan(50_000)
  expect(lines.filter(({ level }) => level === 'warn')).toEqual([])
})
