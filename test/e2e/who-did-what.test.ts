/** From the published leaves of the log alone a stranger rebuilds what happened: who signed what, who was refused and why, what became of keys, daemon, clock and configuration. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type SignAnswer } from '#client'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { openTileSource } from '#tilesources'
import { type Leaf, openCheckpoint, parseLeaf, parseVerifierKey, readEntryBundle, rootFromTiles } from '#tlog'
import { eventually } from '../support/eventually.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { signRequest, verifyLogOf } from '../support/live-signing.ts'
import { nobleVerifier } from '../support/software-log.ts'
import { makeAuthority, mutualTls } from '../support/openssl.ts'
import { initHome, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const PUBLISHER = 'spiffe://registry.example/publisher'
const folder = temporaryFolder()
const servers = makeAuthority(folder.path, 'servers')
const clients = makeAuthority(folder.path, 'clients')
const server = servers.issue('server', { names: ['DNS:localhost'] })
const publisher = clients.issue('publisher', { names: [`URI:${PUBLISHER}`] })
const stranger = servers.issue('stranger', { names: [`URI:${PUBLISHER}`] })
const published = join(folder.path, 'published')
let home: Awaited<ReturnType<typeof initHome>>
let clock: FakeClock
let daemon: RunningDaemon
let signed: SignAnswer

beforeAll(async () => {
  home = await initHome()
  clock = fakeClock(folder.path)
  const more = `${mutualTls(server, clients)}
[[policy.allow]]
identity = "${PUBLISHER}"
operations = ["sign", "audit.record"]
keys = ["default"]
`
  configure((text) => text + more)
  await start()
  await session()
}, 300_000)
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

/** What happens. */
async function session(): Promise<void> {
  {
    await using remote = connectAs(publisher)
    signed = await remote.sign(signRequest())
    const echo = { operation: 'mcp.call', subject: 'everything/echo', decision: 'blocked', reason: 'not as it was approved' } as const
    expect(await remote.recordDecision({ ...echo, digest: 'ab'.repeat(32) })).toBe(signed.leafIndex + 1n)
    await expect(remote.recordDecision({ ...echo, operation: 'sign' as 'mcp.call' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(remote.createKey({ name: 'mine' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  }
  await tryOnce(stranger)
  await runOk(['keys', 'create', 'second'], home)
  await runOk(['keys', 'disable', 'second'], home)
  {
    await using local = connect({ address: `unix:${daemon.socket}` })
    expect((await local.verifyRemote({ hybridSig: Buffer.from('{}') })).ok).toBe(false)
    await Array.fromAsync(local.listEntries({ limit: 1 }, { forExport: true }))
  }
  clock.set(-7200)
  {
    await using local = connect({ address: `unix:${daemon.socket}` })
    await eventually(async () => expect(await Array.fromAsync(local.listEntries({ kind: 'clock-step' }))).toHaveLength(1))
  }
  await daemon.kill('SIGKILL')
  configure((text) => text.replace('# queue_ms = 1000', 'queue_ms = 900'))
  await start()
  {
    await using local = connect({ address: `unix:${daemon.socket}` })
    await local.sign(signRequest())
    expect((await local.verifyRemote({ hybridSig: signed.hybridSig })).ok).toBe(true)
  }
  await daemon.stop()
  await start()
  await using local = connect({ address: `unix:${daemon.socket}` })
  await local.sign(signRequest()) // its checkpoint covers all that was before
  await runOk(['audit', 'publish', published], home)
}

it('tells a session with signatures, refusals, key changes, a crash, a clock that was set and another configuration', async () => {
  // What the published leaves say, and nothing else.
  const leaves = await readPublished()
  const story = leaves.map(tell).filter((line) => line !== undefined)
  const first = story.findIndex((line) => line === 'the daemon starts')
  expect(story.slice(first)).toEqual([
    'the daemon starts',
    `${PUBLISHER} signs with default/1, allowed by rule 1`,
    `${PUBLISHER} signed with default/1: ok`,
    `${PUBLISHER} says of mcp.call everything/echo: blocked, not as it was approved`,
    `${PUBLISHER} may not keys.create mine: no rule for this identity allows the operation`,
    'somebody was not let in: the client certificate was refused: SELF_SIGNED_CERT_IN_CHAIN',
    'local keys.create second/1, allowed by rule 0',
    'local keys.create second/1: ok',
    'local keys.disable second/1, allowed by rule 0',
    'local keys.disable second/1: ok',
    'local had something verified that is not good: bundle-format',
    'local reads the log: entries from 0 to N',
    'the clock was set by -2 hours',
    'the daemon crashed',
    'the clock was set by -2 hours',
    'the configuration changed',
    'the daemon starts',
    'local signs with default/1, allowed by rule 0',
    'local signed with default/1: ok',
    '1 verification',
    'the daemon stops',
    'the clock was set by -2 hours',
    'the daemon starts',
    'local signs with default/1, allowed by rule 0',
    'local signed with default/1: ok',
  ])

  // The signature that the publisher holds is the one of its leaf.
  const outcome = leaves[Number(signed.leafIndex)]
  expect(outcome).toMatchObject({ kind: 'outcome', caller: PUBLISHER, operationId: signed.operationId })

  // Digests tell which configuration and which policy were in force.
  const [started, again, last] = leaves.filter(({ kind, operation }) => kind === 'daemon-start' && operation === 'serve')
  const changed = leaves.find(({ kind }) => kind === 'config-changed')
  expect(changed).toMatchObject({ previousConfigDigest: started?.configDigest, configDigest: again?.configDigest })
  expect(started?.configDigest).not.toBe(again?.configDigest)
  expect(last?.configDigest).toBe(again?.configDigest)
  for (const leaf of leaves.filter(({ policyRule }) => policyRule !== undefined)) expect(leaf.policyDigest).toBe(started?.policyDigest)

  // The crash is told with where it was found.
  const crash = leaves.find(({ kind }) => kind === 'crash-found')
  const before = leaves.findLastIndex(({ run: id }) => id === started?.run)
  expect(crash?.reason).toContain(`its last entry is ${before}, of ${leaves[before]?.time}`)

  // The order does not need the clock: each run is one piece, and its own clock never goes back.
  const runs = [...new Set(leaves.map(({ run: id }) => id))]
  expect(leaves.map(({ run: id }) => runs.indexOf(id))).toEqual(leaves.map(({ run: id }) => runs.indexOf(id)).toSorted((a, b) => a - b))
  expect(runs.length).toBe(4) // init, and three daemons
  for (const id of runs) {
    const uptimes = leaves.filter((leaf) => leaf.run === id).map(({ uptimeMs = -1 }) => uptimeMs)
    expect(uptimes).toEqual(uptimes.toSorted((a, b) => a - b))
  }
  await daemon.stop()
  expect(verifyLogOf(home.home).openIntents).toBe(0)
})

/** One line of a reviewer's notes. What the daemon does for itself is left out. */
function tell({
  kind,
  operation,
  caller,
  key,
  keyVersion,
  policyRule,
  result,
  reason,
  count,
  clockStepMs,
  decision,
  modelName,
}: Leaf): string | undefined {
  const what =
    operation === 'sign'
      ? `${caller} ${kind === 'intent' ? 'signs' : 'signed'} with ${key}/${keyVersion}`
      : `${caller} ${operation} ${key}/${keyVersion}`
  switch (kind) {
    case 'intent':
      return policyRule === undefined ? undefined : `${what}, allowed by rule ${policyRule}`
    case 'outcome':
      return operation === 'trust.issue' ? undefined : `${what}: ${result}`
    case 'refused':
      return `${caller} may not ${operation} ${key}: ${reason}`
    case 'daemon-start':
      return 'the daemon starts'
    case 'daemon-stop':
      return 'the daemon stops'
    case 'login-refused':
      return `somebody was not let in: ${reason}`
    case 'verify':
      return `${caller} had something verified that is not good: ${reason}`
    case 'verify-summary':
      return `${count} verification`
    case 'log-export':
      return `${caller} reads the log: ${reason?.replace(/to \d+, at most 1$/, 'to N')}`
    case 'decision':
      return `${caller} says of ${operation} ${modelName}: ${decision}, ${reason}`
    case 'crash-found':
      return 'the daemon crashed'
    case 'config-changed':
      return 'the configuration changed'
    case 'clock-step':
      return `the clock was set by ${Math.round((clockStepMs ?? 0) / 3_600_000)} hours`
    default:
      return undefined
  }
}

/** As anybody can who has the trust file: every entry is in the tree that the log keys signed. */
async function readPublished(): Promise<Leaf[]> {
  const { log } = parseTrustFile(readFileSync(join(home.home, 'trust.json')), nativeEngine())
  const source = openTileSource(published)
  const { size, root } = openCheckpoint(await source.checkpoint(), log.keys.map(parseVerifierKey), nobleVerifier)
  expect(await rootFromTiles(source, size)).toEqual(root)
  const leaves: Leaf[] = []
  for (let number = 0n; number * 256n < size; number += 1n) leaves.push(...(await readEntryBundle(source, size, number)).entries.map(parseLeaf))
  return leaves
}

async function start(): Promise<void> {
  daemon = await startDaemon(home.home, { env: clock.env })
}

function configure(edit: (text: string) => string): void {
  const path = join(home.home, 'config.toml')
  writeFileSync(path, edit(readFileSync(path, 'utf8')))
}

/** One connection, which the daemon ends. */
function tryOnce(who: typeof publisher): Promise<void> {
  const [host = '', port] = address().split(':')
  const certificate = { ca: readFileSync(servers.certFile), cert: readFileSync(who.certFile), key: readFileSync(who.keyFile) }
  return new Promise((resolve) => {
    const socket = connectTls({ host, port: Number(port), ALPNProtocols: ['h2'], ...certificate })
    socket
      .on('error', () => {})
      .on('data', () => {})
      .on('close', () => resolve())
  })
}

function address(): string {
  const ready = daemon
    .log()
    .split('\n')
    .find((line) => line.includes('"msg":"ready"'))
  const { addresses } = JSON.parse(ready ?? '{}') as { addresses: string[] }
  return `localhost:${addresses[1]?.split(':').at(-1)}`
}

function connectAs(who: typeof publisher): ReturnType<typeof connect> {
  const tls = { ca: readFileSync(servers.certFile), cert: readFileSync(who.certFile), key: readFileSync(who.keyFile) }
  return connect({ address: address(), tls })
}
