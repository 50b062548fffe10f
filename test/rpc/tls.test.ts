/** The network listener: TLS 1.3, a client certificate that the CA file vouches for, and an identity in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type SecureVersion } from 'node:tls'
import { credentials, status } from '@grpc/grpc-js'
import { afterAll, describe, expect, it } from 'vitest'
import type { Listener } from '#listeners'
import { type CertificateFiles, makeAuthority } from '../support/openssl.ts'
import { ask, connect, failure, fakeOperations, serve } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'sealstone-tls-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const servers = makeAuthority(folder, 'servers')
const clients = makeAuthority(folder, 'clients')
const strangers = makeAuthority(folder, 'strangers')
const server = servers.issue('server', { names: ['DNS:localhost'] })
const publisher = clients.issue('publisher', { names: ['URI:spiffe://registry.example/publisher'] })

const LISTENER: Listener = {
  kind: 'tls',
  host: '127.0.0.1',
  port: 0,
  certFile: server.certFile,
  keyFile: server.keyFile,
  clientCaFile: clients.certFile,
}

async function start() {
  const { operations, recorded } = fakeOperations()
  const running = await serve({ operations, listeners: [LISTENER] })
  const address = `localhost:${running.server.addresses[0]?.split(':')[1]}`
  return { ...running, address, recorded }
}

function callAs(address: string, client: CertificateFiles | undefined, ca = servers.cert): Promise<unknown> {
  const channel = client === undefined ? credentials.createSsl(ca) : credentials.createSsl(ca, client.key, client.cert)
  return ask((done) => connect(address, channel).key.listKeys({}, { deadline: Date.now() + 100_000 }, done))
}

describe('a client with a certificate', () => {
  it('is who its SPIFFE ID says', async () => {
    const { address, recorded } = await start()
    await callAs(address, publisher)
    expect(recorded.contexts).toMatchObject([{ identity: 'spiffe://registry.example/publisher', peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }])
  })

  it('is who its DNS name says', async () => {
    const { address, recorded } = await start()
    await callAs(address, clients.issue('ci', { names: ['DNS:ci.example.org'] }))
    expect(recorded.contexts).toMatchObject([{ identity: 'ci.example.org' }])
  })

  it.each<[string, string[]]>([
    ['no name', []],
    ['two SPIFFE IDs', ['URI:spiffe://a.example/x', 'URI:spiffe://a.example/y']],
    ['the name local', ['DNS:local']],
  ])('and %s is UNAUTHENTICATED', async (_, names) => {
    const { address, recorded, lines } = await start()
    const result = await failure(callAs(address, clients.issue('odd', { names })))
    expect([status[result.status], result.error.code]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED'])
    expect(recorded.contexts).toEqual([])
    expect(JSON.stringify(lines)).toContain('UNAUTHENTICATED')
  })
})

describe('the handshake refuses', () => {
  it.each<[string, () => CertificateFiles | undefined, RegExp]>([
    ['no certificate', () => undefined, /did not return a certificate/],
    [
      'a certificate of another CA',
      () => strangers.issue('stranger', { names: ['URI:spiffe://registry.example/publisher'] }),
      /UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/,
    ],
    [
      'a certificate of the CA that is for servers',
      () => servers.issue('turncoat', { names: ['URI:spiffe://registry.example/publisher'] }),
      /SELF_SIGNED_CERT_IN_CHAIN/,
    ],
    ['a certificate that is over', () => clients.issue('late', { names: ['URI:spiffe://registry.example/publisher'], days: -1 }), /CERT_HAS_EXPIRED/],
    [
      'a certificate for servers only',
      () => clients.issue('web', { names: ['DNS:a.example.org'], extensions: ['extendedKeyUsage = serverAuth'] }),
      /INVALID_PURPOSE/,
    ],
  ])('%s, and the log says why', async (_, certificate, reason) => {
    const { address, recorded, lines } = await start()
    const result = await failure(callAs(address, certificate()))
    expect([status[result.status], result.error.code]).toEqual(['UNAVAILABLE', 'DAEMON_UNAVAILABLE'])
    expect(recorded.contexts).toEqual([])
    expect(lines).toMatchObject([{ level: 'warn', fields: { error: expect.stringMatching(reason) } }])
  })

  it('TLS 1.2, and takes TLS 1.3 from the same client', async () => {
    const { address } = await start()
    expect(await handshake(address, 'TLSv1.2')).toMatch(/ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION|ECONNRESET|EPROTO/)
    expect(await handshake(address, 'TLSv1.3')).toBe('TLSv1.3')
  })

  it('to resume an earlier connection: each one shows its certificate anew', async () => {
    const { address } = await start()
    const { session } = await visit(address)
    expect((await visit(address, session)).resumed).toBe(false)
  })

  it('plain text', async () => {
    const { address } = await start()
    const result = await failure(ask((done) => connect(address).key.listKeys({}, { deadline: Date.now() + 100_000 }, done)))
    expect(status[result.status]).toBe('UNAVAILABLE')
  })

  it('and the server goes on', async () => {
    const { address } = await start()
    await failure(callAs(address, undefined))
    await callAs(address, publisher)
  })
})

describe('a TLS listener does not start', () => {
  const other = servers.issue('other', { names: ['DNS:localhost'] })
  const empty = join(folder, 'empty.pem')
  writeFileSync(empty, '\n')
  const broken = join(folder, 'broken.pem')
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')

  it.each<[string, Partial<typeof LISTENER>, string]>([
    ['without its certificate', { certFile: join(folder, 'gone.pem') }, 'FILE_UNREADABLE'],
    ['with a CA file that is empty, which might let anybody in', { clientCaFile: empty }, 'CONFIG_INVALID'],
    ['with a CA file that is broken', { clientCaFile: broken }, 'CONFIG_INVALID'],
    ['with a certificate for a key', { keyFile: server.certFile }, 'CONFIG_INVALID'],
    ['with the key of another certificate', { keyFile: other.keyFile }, 'CONFIG_INVALID'],
  ])('%s', async (_, changes, code) => {
    const { operations } = fakeOperations()
    await expect(serve({ operations, listeners: [{ ...LISTENER, ...changes }] })).rejects.toMatchObject({ code })
  })
})

/** The agreed version, or the error's code. */
function handshake(address: string, version: SecureVersion): Promise<string> {
  const [host = '', port] = address.split(':')
  const { key, cert } = publisher
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port: Number(port),
      ca: servers.cert,
      key,
      cert,
      minVersion: 'TLSv1.2',
      maxVersion: version,
      ALPNProtocols: ['h2'],
    })
    const end = (result: string): void => {
      resolve(result)
      socket.destroy()
    }
    socket.once('secureConnect', () => end(socket.getProtocol() ?? 'none'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

/** Connects, waits for what the server gives for a later connection, and leaves. */
function visit(address: string, session?: Buffer): Promise<{ resumed: boolean; session: Buffer | undefined }> {
  const [host = '', port] = address.split(':')
  const { key, cert } = publisher
  return new Promise((resolve, reject) => {
    const options = { host, port: Number(port), ca: servers.cert, key, cert, ALPNProtocols: ['h2'] }
    const socket = connectTls(session === undefined ? options : { ...options, session })
    let given: Buffer | undefined
    socket.on('session', (ticket: Buffer) => {
      given = ticket
    })
    socket.once('error', reject)
    // The server's first HTTP/2 bytes come after its tickets.
    socket.once('data', () => {
      resolve({ resumed: socket.isSessionReused(), session: given })
      socket.destroy()
    })
  })
}
