/** A log without names: no leaf, receipt or column has the name of a caller; who holds the key finds and resolves them; rotating the key keeps that. */
import { appendFileSync, chmodSync, copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type SignAnswer } from '#client'
import { parseHybridBundle } from '#envelopes'
import { signRequest, verifyLogOf } from '../support/live-signing.ts'
import { makeAuthority, mutualTls } from '../support/openssl.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const PUBLISHER = 'spiffe://registry.example/publisher'
const folder = temporaryFolder()
const servers = makeAuthority(folder.path, 'servers')
const clients = makeAuthority(folder.path, 'clients')
const server = servers.issue('server', { names: ['DNS:localhost'] })
const publisher = clients.issue('publisher', { names: [`URI:${PUBLISHER}`] })
const ambiguous = clients.issue('ambiguous', { names: ['DNS:alice.example.org', 'DNS:bob.example.org'] })
const staff = join(folder.path, 'staff.txt')
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let key: string

beforeAll(async () => {
  home = await initHome()
  key = join(home.home, 'pseudonym.key')
  const config = join(home.home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('# pseudonyms = "off"', 'pseudonyms = "callers"'))
  appendFileSync(
    config,
    `${mutualTls(server, clients)}
[[policy.allow]]
identity = "${PUBLISHER}"
operations = ["sign", "verify"]
keys = ["default"]
`,
  )
  writeFileSync(staff, `# who may call\nspiffe://registry.example/other\n\n${PUBLISHER}\n`)
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

async function signAs(who: typeof publisher): Promise<SignAnswer> {
  const ready = daemon
    .log()
    .split('\n')
    .find((line) => line.includes('"msg":"ready"'))
  const { addresses } = JSON.parse(ready ?? '{}') as { addresses: string[] }
  const address = `localhost:${addresses[1]?.split(':').at(-1)}`
  const tls = { ca: readFileSync(servers.certFile), cert: readFileSync(who.certFile), key: readFileSync(who.keyFile) }
  await using client = connect({ address, tls, attempts: 1 })
  const answer = await client.sign(signRequest())
  await expect(client.createKey({ name: 'mine' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  expect((await client.verifyRemote({ hybridSig: answer.hybridSig })).ok).toBe(true)
  return answer
}

const list = async (...options: string[]): Promise<{ index: number; caller: string; kind: string; identity?: string }[]> => {
  const { stdout } = await runOk(['audit', 'list', '--json', ...options], home)
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { index: number; caller: string; kind: string; identity?: string })
}

it('names nobody, in leaves and receipts, and its holder finds and resolves all that a caller did', async () => {
  const answer = await signAs(publisher)
  await expect(signAs(ambiguous)).rejects.toThrow()
  const { leaf } = parseHybridBundle(answer.hybridSig)
  expect(leaf.caller).toMatch(/^p:[A-Za-z0-9_-]{22}$/)

  const found = await list('--caller', PUBLISHER)
  expect(found.map(({ kind }) => kind)).toEqual(['intent', 'outcome', 'refused'])
  expect(new Set(found.map(({ caller }) => caller))).toEqual(new Set([leaf.caller]))
  expect(await list('--caller', leaf.caller)).toEqual(found)

  const resolved = await list('--caller', PUBLISHER, '--resolve', staff)
  expect(resolved.every(({ identity, caller }) => identity === PUBLISHER && caller === leaf.caller)).toBe(true)
  expect((await runOk(['audit', 'list', '--caller', PUBLISHER, '--resolve', staff], home)).stdout).toContain(PUBLISHER)

  // Elsewhere, with a copy of the key and no daemon.
  const copy = join(folder.path, 'copy.key')
  copyFileSync(key, copy)
  chmodSync(copy, 0o600)
  const { stdout } = await runOk(['audit', 'resolve', leaf.caller, '--pseudonym-key', copy, '--identities', staff])
  expect(stdout).toContain(`${leaf.caller}  ${PUBLISHER}`)
  const other = await run(['audit', 'resolve', leaf.caller, 'spiffe://registry.example/other', '--pseudonym-key', copy, '--json'])
  expect([other.code, JSON.parse(other.stdout)]).toEqual([1, { pseudonym: leaf.caller, identity: null }])

  // One that lost a character is no name to be given a pseudonym of its own.
  const damaged = await run(['audit', 'resolve', leaf.caller.slice(0, -1), PUBLISHER, '--pseudonym-key', copy])
  expect(damaged).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('want p: and 22 characters') })

  // In no leaf, the summary of verifications and refused logins included.
  await daemon.stop()
  const { stdout: everything } = await (async () => {
    daemon = await startDaemon(home.home)
    return runOk(['audit', 'list', '--json'], home)
  })()
  expect(everything).toContain('verify-summary')
  expect(everything).toContain('login-refused')
  for (const name of ['registry.example', 'alice', 'bob', '127.0.0.1']) expect(everything).not.toContain(name)
})

it('with another key gives another pseudonym, and both are found; without the former key the former entries are nobody’s', async () => {
  const before = await list('--caller', PUBLISHER)
  await daemon.stop()
  renameSync(key, `${key}.2026`)
  daemon = await startDaemon(home.home)
  const answer = await signAs(publisher)
  const { caller } = parseHybridBundle(answer.hybridSig).leaf
  expect(caller).not.toBe(before[0]?.caller)
  const both = await list('--caller', PUBLISHER, '--resolve', staff)
  expect(both).toHaveLength(2 * before.length)
  expect(both.every(({ identity }) => identity === PUBLISHER)).toBe(true)

  await daemon.stop()
  renameSync(`${key}.2026`, join(folder.path, 'thrown-away'))
  daemon = await startDaemon(home.home)
  expect((await list('--caller', PUBLISHER)).map((entry) => entry.caller)).toEqual(Array.from({ length: before.length }, () => caller))
  await daemon.stop()
  expect(verifyLogOf(home.home).openIntents).toBe(0)
})
