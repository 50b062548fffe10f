/** The daemon over the network: TLS 1.3 with client certificates, rights by identity, and the plain loopback listener. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, connectHashing } from '#client'
import { tinyModel } from '../support/models.ts'
import { makeAuthority, mutualTls } from '../support/openssl.ts'
import { initHome, PROJECT, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

describe('a daemon on the network', () => {
  const folder = temporaryFolder()
  const servers = makeAuthority(folder.path, 'servers')
  const clients = makeAuthority(folder.path, 'clients')
  const server = servers.issue('server', { names: ['DNS:localhost'] })
  const publisher = clients.issue('publisher', { names: ['URI:spiffe://registry.example/publisher'] })
  const reader = clients.issue('reader', { names: ['DNS:reader.example.org'] })
  const stranger = servers.issue('stranger', { names: ['URI:spiffe://registry.example/publisher'] })
  const model = tinyModel(join(folder.path, 'model'))
  let home: Awaited<ReturnType<typeof initHome>>
  let daemon: RunningDaemon
  let address: string
  let plain: string

  beforeAll(async () => {
    home = await initHome()
    appendFileSync(
      join(home.home, 'config.toml'),
      `${mutualTls(server, clients)}
[hash]
tls_address = "127.0.0.1:0"

[[policy.allow]]
identity = "spiffe://registry.example/publisher"
operations = ["sign", "keys.read", "hash.stream"]
keys = ["default"]

[[policy.allow]]
identity = "reader.example.org"
operations = ["audit.read", "keys.read"]
keys = ["*"]
`,
    )
    daemon = await startDaemon(home.home, { args: ['--insecure-loopback', '127.0.0.1:0'] })
    const ready = JSON.parse(
      daemon
        .log()
        .split('\n')
        .find((line) => line.includes('"msg":"ready"')) ?? '{}',
    ) as { addresses: string[] }
    address = `localhost:${ready.addresses[1]?.split(':').at(-1)}`
    plain = ready.addresses[2] ?? ''
  })
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]()
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  })

  const as = (who: typeof publisher): string[] => [
    '--address',
    address,
    '--tls-ca',
    servers.certFile,
    '--tls-cert',
    who.certFile,
    '--tls-key',
    who.keyFile,
  ]

  it('signs for the one who may, and the log knows who it was', async () => {
    await runOk(['sign', model, ...as(publisher)])
    await runOk(['verify', model], home)
    const { stdout } = await runOk(['audit', 'list', '--json', '--caller', 'spiffe://registry.example/publisher'], home)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['intent', 'outcome'])
  })

  it('refuses what no rule allows, and the refusal is in the log', async () => {
    const sign = await run(['sign', model, ...as(reader)])
    expect(sign.code).toBe(3)
    expect(sign.stderr).toMatch(/error: .*reader\.example\.org.*sign/)
    expect((await run(['audit', 'list', ...as(publisher)])).code).toBe(3)
    const { stdout } = await runOk(['audit', 'list', '--json', '--kind', 'refused', ...as(reader)])
    const refused = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(refused).toMatchObject([
      { caller: 'reader.example.org', operation: 'sign', key: 'default' },
      { caller: 'spiffe://registry.example/publisher', operation: 'audit.read' },
    ])
  })

  it('does not know a client whose certificate somebody else issued, nor one without', async () => {
    const result = await run(['keys', 'list', ...as(stranger), '--timeout', '5'])
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/^error: .*\nhint: /)
    const bare = await run(['keys', 'list', '--address', `127.0.0.1:${address.split(':')[1]}`, '--timeout', '5'])
    expect(bare.code).toBe(3)
  })

  it("hashes for the one who may, on a listener of its own; his ticket is nobody else's", async () => {
    const data = `localhost:${/"dataPlane":\d+,"addresses":\["127\.0\.0\.1:(\d+)"/.exec(daemon.log())?.[1]}`
    const tlsOf = ({ certFile, keyFile }: typeof publisher) => ({
      ca: readFileSync(servers.certFile),
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
    })
    const hash = (who: typeof publisher) => connectHashing({ address: data, tls: tlsOf(who), attempts: 1, timeoutMs: 60_000 })
    const bytes = Buffer.from('weights')
    await using allowed = hash(publisher)
    const { digest = new Uint8Array(), ticket } = await allowed.hashStream({ name: 'w.bin', read: () => [bytes] })
    expect(digest.toHex()).toBe(createHash('sha256').update(bytes).digest('hex'))
    await using other = hash(reader)
    await expect(other.hashStream({ name: 'w.bin', read: () => [bytes] })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await using unknown = hash(stranger)
    await expect(unknown.hashStream({ name: 'w.bin', read: () => [bytes] })).rejects.toMatchObject({ code: 'DAEMON_UNAVAILABLE' })

    const manifest = {
      modelName: 'm',
      resources: [{ name: 'w.bin', algorithm: 'sha256' as const, digest, size: bytes.length }],
      serialization: { method: 'files' as const, hashType: 'sha256' as const, allowSymlinks: false, ignorePaths: [] },
      totalBytes: bytes.length,
    }
    const request = { content: { kind: 'manifest' as const, manifest }, hashTickets: { 'w.bin': ticket } }
    await using publishing = connect({ address, tls: tlsOf(publisher) })
    await publishing.sign(request)
    await using local = connect({ address: `unix:${daemon.socket}` })
    await expect(local.sign(request)).rejects.toMatchObject({ code: 'TICKET_INVALID' })
  })

  it('warns of the plain loopback listener, whose callers may do nothing unless a rule says so', async () => {
    expect(daemon.log()).toMatch(/"level":"warn".*127\.0\.0\.1/)
    const result = await run(['keys', 'list', '--address', plain])
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/error: .*loopback/)
  })
})

it('the example of the README signs and verifies from another project that has linked this one', async () => {
  using folder = temporaryFolder()
  using home = await initHome()
  await using daemon = await startDaemon(home.home)
  const model = tinyModel(join(folder.path, 'model'))
  mkdirSync(join(folder.path, 'node_modules'))
  symlinkSync(PROJECT, join(folder.path, 'node_modules/sealstone')) // what npm install does with a folder
  copyFileSync(join(PROJECT, 'docs/examples/publish.ts'), join(folder.path, 'publish.mts'))
  const { stdout } = await promisify(execFile)(
    join(PROJECT, 'node_modules/.bin/node'),
    ['publish.mts', model, daemon.socket, join(home.home, 'trust.json')],
    { cwd: folder.path },
  )
  expect(stdout).toMatch(/^signed and verified; entry \d+ of the audit log\n$/)
  await runOk(['verify', model], home)
})
