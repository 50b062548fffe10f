/** Sockets: who can open them, what is there already, and where plain text is allowed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Listener, openHttpListener } from '#listeners'
import { ask, connect, connectToSocket, fakeOperations, serve, serveOnSocket, temporaryFolder } from './support.ts'

function listen(...listeners: Listener[]) {
  return serve({ operations: fakeOperations().operations, listeners })
}

describe('the socket file', () => {
  it('is open to its owner alone, whatever the mask of the process', async () => {
    const mask = process.umask(0)
    try {
      const { socket } = await serveOnSocket(fakeOperations().operations)
      expect((statSync(socket).mode & 0o777).toString(8)).toBe('600')
      writeFileSync(`${socket}.after`, '')
      expect((statSync(`${socket}.after`).mode & 0o777).toString(8)).toBe('666')
    } finally {
      process.umask(mask)
    }
  })

  it('makes its callers local', async () => {
    const { operations, recorded } = fakeOperations()
    const { socket, server } = await serveOnSocket(operations)
    await ask((done) => connectToSocket(socket).key.listKeys({}, done))
    expect(recorded.contexts).toMatchObject([{ identity: 'local', peer: 'unix' }])
    expect(server.addresses).toEqual([`unix:${socket}`])
  })

  it('is gone after a drain', async () => {
    const { socket, server } = await serveOnSocket(fakeOperations().operations)
    await server.drain(1000)
    expect(existsSync(socket)).toBe(false)
  })

  it('that a killed daemon left is replaced', async () => {
    const path = join(temporaryFolder(), 's.sock')
    const dead = await listenAndDie(path)
    expect(dead.signalCode).toBe('SIGKILL')
    expect(statSync(path).isSocket()).toBe(true)
    await listen({ kind: 'unix', path })
    expect(await ask((done) => connectToSocket(path).key.listKeys({}, done))).toMatchObject({ keys: [{ name: 'default' }] })
  })

  it('on which somebody answers is left alone', async () => {
    const { socket } = await serveOnSocket(fakeOperations().operations)
    await expect(listen({ kind: 'unix', path: socket })).rejects.toMatchObject({ code: 'DAEMON_RUNNING' })
    expect(await ask((done) => connectToSocket(socket).key.listKeys({}, done))).toMatchObject({ keys: [{}] })
  })

  it.each<[string, (path: string) => void]>([
    ['a file', (path) => writeFileSync(path, 'kept')],
    ['a folder', (path) => mkdirSync(path)],
    ['a link', (path) => symlinkSync('/dev/null', path)],
  ])('does not replace %s', async (_, make) => {
    const path = join(temporaryFolder(), 's.sock')
    make(path)
    await expect(listen({ kind: 'unix', path })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(existsSync(path)).toBe(true)
  })

  it('with a path that the system would cut is refused', async () => {
    const path = join(temporaryFolder(), 'x'.repeat(100))
    await expect(listen({ kind: 'unix', path })).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('103') })
  })

  it('in a folder that is not there is refused', async () => {
    await expect(listen({ kind: 'unix', path: join(temporaryFolder(), 'gone', 's.sock') })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('plain TCP', () => {
  it.each(['127.0.0.1', '::1'])('on %s works, is warned about, and makes callers loopback, not local', async (host) => {
    const { operations, recorded } = fakeOperations()
    const { server, lines } = await serve({ operations, listeners: [{ kind: 'insecure-loopback', host, port: 0 }] })
    const address = server.addresses[0] as string
    expect(address).toMatch(host === '::1' ? /^\[::1\]:\d+$/ : /^127\.0\.0\.1:\d+$/)
    await ask((done) => connect(address).key.listKeys({}, done))
    expect(recorded.contexts).toMatchObject([{ identity: 'loopback' }])
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })

  it.each(['0.0.0.0', '::', '10.0.0.1', 'localhost', 'example.org', '127.0.0.1.example.org', ''])('on %s is refused', async (host) => {
    await expect(listen({ kind: 'insecure-loopback', host, port: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('a server', () => {
  it('that cannot open its last listener closes the others', async () => {
    const path = join(temporaryFolder(), 's.sock')
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    await expect(listen({ kind: 'unix', path }, { kind: 'insecure-loopback', host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'ADDRESS_UNAVAILABLE', // no wrong setting: a service manager tries again
    })
    expect(existsSync(path)).toBe(false)
    taken.close()
  })

  it('whose machine has the address not yet, as before the network is there, may be started again', async () => {
    const elsewhere = { setting: 'audit.listen', host: '192.0.2.1', port: 0, allowPlain: true, connections: 1 } // RFC 5737: on no machine
    await expect(openHttpListener(elsewhere, () => {})).rejects.toMatchObject({
      code: 'ADDRESS_UNAVAILABLE',
      message: 'audit.listen: 192.0.2.1:0 cannot be used (EADDRNOTAVAIL)',
    })
  })
})

async function listenAndDie(path: string): Promise<ChildProcess> {
  const program = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', program, path], { stdio: 'ignore' })
  await once(child, 'exit')
  return child
}
