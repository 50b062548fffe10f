/** Logins that were refused are in the log: clients with a certificate that will not do, at both doors, and the daemon's own at its token. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, connectHashing } from '#client'
import { openDatabase } from '#db'
import { type Leaf, parseLeaf } from '#tlog'
import { MIGRATIONS } from '../../src/daemon/runtime.ts'
import { signRequest, verifyLogOf } from '../support/live-signing.ts'
import { makeAuthority, mutualTls } from '../support/openssl.ts'
import { initHome, run, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const servers = makeAuthority(folder.path, 'servers')
const clients = makeAuthority(folder.path, 'clients')
const server = servers.issue('server', { names: ['DNS:localhost'] })
const stranger = servers.issue('stranger', { names: ['URI:spiffe://registry.example/publisher'] })
const ambiguous = clients.issue('ambiguous', { names: ['DNS:a.example.org', 'DNS:b.example.org'] })
let home: Awaited<ReturnType<typeof initHome>>

beforeAll(async () => {
  home = await initHome()
  appendFileSync(
    join(home.home, 'config.toml'),
    `${mutualTls(server, clients)}
[hash]
tls_address = "127.0.0.1:0"
`,
  )
})
afterAll(() => {
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

describe('a client', () => {
  let daemon: RunningDaemon
  let ports: { readonly grpc: string; readonly hash: string }

  beforeAll(async () => {
    daemon = await startDaemon(home.home)
    const ready = daemon
      .log()
      .split('\n')
      .find((line) => line.includes('"msg":"ready"'))
    const { addresses } = JSON.parse(ready ?? '{}') as { addresses: string[] }
    const [grpc = '', hash = ''] = addresses
      .filter((address) => !address.startsWith('unix:'))
      .map((address) => `localhost:${address.split(':').at(-1)}`)
    ports = { grpc, hash }
  })
  afterAll(() => daemon[Symbol.asyncDispose]())

  const tls = ({ certFile, keyFile }: typeof stranger) => ({
    ca: readFileSync(servers.certFile),
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
  })

  it('whose certificate another authority issued is a leaf, without a name that it claims', async () => {
    await using client = connect({ address: ports.grpc, tls: tls(stranger), attempts: 1 })
    await expect(client.sign(signRequest())).rejects.toThrow()
    // Its library may knock more than once.
    const [leaf] = await refusedFor('SELF_SIGNED_CERT_IN_CHAIN', 1)
    expect(leaf).toMatchObject({
      caller: 'unknown',
      operation: 'connect',
      result: 'error',
      errorCode: 'UNAUTHENTICATED',
      reason: 'the client certificate was refused: SELF_SIGNED_CERT_IN_CHAIN',
    })
  })

  const knockWithoutCertificate = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connectTls({
        port: Number(ports.grpc.split(':')[1]),
        host: 'localhost',
        ca: readFileSync(servers.certFile),
        ALPNProtocols: ['h2'],
      })
      socket.on('close', () => resolve()).on('error', () => {})
      socket.on('data', () => {})
    })

  it('without a certificate is a leaf', async () => {
    await knockWithoutCertificate()
    expect(await refusedFor('there is none', 1)).toMatchObject([
      { operation: 'connect', reason: 'the client certificate was refused: there is none' },
    ])
  })

  it('whose certificate could mean two callers is a leaf with the digest of the certificate, at either door', async () => {
    await using client = connect({ address: ports.grpc, tls: tls(ambiguous), attempts: 1 })
    await expect(client.sign(signRequest())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await using hashing = connectHashing({ address: ports.hash, tls: tls(ambiguous), attempts: 1 })
    await expect(hashing.hashPath({ path: '/srv/model' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const [first, second] = await refusedFor('names no caller', 2)
    expect(first?.reason).toContain('the client certificate names no caller: the client certificate has 2 DNS names')
    expect(first?.certificateDigest).toMatch(/^sha256:/)
    expect(second).toMatchObject({ caller: 'unknown', certificateDigest: first?.certificateDigest })
  })

  it('who speaks something else is none', async () => {
    await fetch(`http://${ports.grpc}/`).catch(() => {})
    await knockWithoutCertificate()
    await refusedFor('there is none', 2) // who came later is told; of the other one there is nothing before
    expect(new Set(refused().map(({ reason }) => reason?.replace(/:.*/, '')))).toEqual(
      new Set(['the client certificate was refused', 'the client certificate names no caller']),
    )
  })
})

it('a PIN that the token refuses is a leaf, written though nothing can be signed, once however often the start is tried', async () => {
  const [, pinFile = ''] = /pin-source=file:([^"&]+)/.exec(readFileSync(join(home.home, 'config.toml'), 'utf8')) ?? []
  const pin = readFileSync(pinFile)
  writeFileSync(pinFile, '0000')
  const before = readLeaves().length
  for (let tries = 0; tries < 3; tries += 1) expect((await run(['serve'], home)).code).toBe(3)
  writeFileSync(pinFile, pin)
  const told = readLeaves().slice(before)
  expect(told).toMatchObject([
    {
      kind: 'login-refused',
      operation: 'token.login',
      caller: 'local',
      errorCode: 'TOKEN_PIN_REFUSED',
      reason: expect.stringContaining('log in') as string,
    },
    { kind: 'login-refused', operation: 'token.login', reason: 'the token refused this PIN before; it is not sent again' },
  ])

  const daemon = await startDaemon(home.home)
  await daemon.stop()
  expect(
    readLeaves()
      .slice(before)
      .map(({ kind }) => kind),
  ).not.toContain('crash-found')
  expect(verifyLogOf(home.home).openIntents).toBe(0)
})

const refused = (): Leaf[] => readLeaves().filter(({ kind }) => kind === 'login-refused')

/** When so many of that reason are in the log: nobody who is turned away waits for it. */
async function refusedFor(reason: string, count: number): Promise<Leaf[]> {
  const found = (): Leaf[] => refused().filter((leaf) => leaf.reason?.includes(reason) === true)
  await expect.poll(() => found().length).toBeGreaterThanOrEqual(count)
  return found()
}

function readLeaves(): Leaf[] {
  const db = openDatabase(join(home.home, 'sealstone.db'), MIGRATIONS)
  try {
    return db
      .prepare('SELECT bytes FROM audit_leaf ORDER BY idx')
      .all()
      .map((row) => parseLeaf(row['bytes'] as Uint8Array))
  } finally {
    db.close()
  }
}
