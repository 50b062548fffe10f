/** Requests to the console that no browser sends. */
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
