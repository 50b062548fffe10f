/** Requests to the console that no browser sends. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { startConsole } from '#console'
import { systemClock } from '#core'

const nothing = (): never => {
  throw new Error('nobody without a session reads the log')
}

it('answers an address that is none with 400, and writes nothing of it into the log of the daemon', async () => {
  const lines: string[] = []
  await using console = await startConsole({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    logger: pino({}, { write: (line: string) => void lines.push(line) }),
    log: { checkpoint: () => undefined, cosigned: () => undefined, trust: nothing, tile: nothing, search: nothing, activity: nothing },
  })
  const { host, port } = new URL(console.origin)
  for (const address of ['//', 'http://[', '//[::']) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(`GET ${address} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
  }
  expect(lines).toEqual([])
})

it('keeps so many bytes in memory for readers who take no answers, and tells the next ones to come again', async () => {
  const tile = new Uint8Array(8 * 1024 * 1024) // more than the system takes for a socket that nobody reads
  await using console = await startConsole({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    log: { checkpoint: () => undefined, cosigned: () => undefined, trust: nothing, tile: async () => tile, search: nothing, activity: nothing },
    mostUnsentBytes: 2 * tile.length,
  })
  const { host, port, origin } = new URL(console.origin)
  const opened = await fetch(console.newLink().url, { redirect: 'manual' })
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
  const ask = () => fetch(`${origin}/api/tile/0/000`, { headers: { cookie } })
  const [first, second] = await Promise.all(
    [1, 2].map(async () => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(`GET /api/tile/0/000 HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\n\r\n`)
      await once(socket, 'readable') // the answer has begun, and no more of it is taken
      return socket
    }),
  )
  const refused = await ask()
  expect({ status: refused.status, text: await refused.text() }).toMatchObject({ status: 503 })
  first?.destroy()
  await expect.poll(async () => (await ask()).status).toBe(200)
  second?.destroy()
})
