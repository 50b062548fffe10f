/** From the leaves of the log alone a stranger rebuilds what happened: who signed what, who was refused and why, what became of keys, daemon, clock and configuration. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from '#client'
import { openDatabase } from '#db'
import { type Leaf, parseLeaf } from '#tlog'
import { MIGRATIONS } from '../../src/daemon/runtime.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { signRequest, verifyLogOf } from '../support/live-signing.ts'
import { makeAuthority } from '../support/openssl.ts'
import { initHome, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const PUBLISHER = 'spiffe://registry.example/publisher'
const folder = temporaryFolder()
const servers = makeAuthority(folder.path, 'servers')
const clients = makeAuthority(folder.path, 'clients')
const server = servers.issue('server', { names: ['DNS:localhost'] })
const publisher = clients.issue('publisher', { names: [`URI:${PUBLISHER}`] })
let home: Awaited<ReturnType<typeof initHome>>
let clock: FakeClock
let daemon: RunningDaemon

beforeAll(async () => {
  home = await initHome()
  clock = fakeClock(folder.path)
  chmodSync(server.keyFile, 0o600)
  const more = `
[listen.tls]
address = "127.0.0.1:0"
certificate = "${server.certFile}"
private_key = "${server.keyFile}"
client_ca = "${clients.certFile}"

[[policy.allow]]
identity = "${PUBLISHER}"
operations = ["sign"]
keys = ["default"]
`
  configure((text) => text + more)
  await start()
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

it('tells a session with signatures, refusals, key changes, a crash, a clock that was set and another configuration', async () => {
  // What happens.
  await using remote = connectAs(publisher)
  const signed = await remote.sign(signRequest())
  await expect(remote.createKey({ name: 'mine' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  await runOk(['keys', 'create', 'second'], home)
  await runOk(['keys', 'disable', 'second'], home)
  clock.set(-7200)
  await sleep(2500)
  await daemon.kill('SIGKILL')
  configure((text) => text.replace('# queue_ms = 1000', 'queue_ms = 900'))
  await start()
  await using local = connect({ address: `unix:${daemon.socket}` })
  await local.sign(signRequest())
  expect(await daemon.stop()).toBe(0)
  await start()
  await daemon.stop()

  // What the leaves say, and nothing else.
  const leaves = readLeaves()
  const story = leaves.map(tell).filter((line) => line !== undefined)
  const first = story.findIndex((line) => line === 'the daemon starts')
  expect(story.slice(first)).toEqual([
    'the daemon starts',
    `${PUBLISHER} signs with default/1, allowed by rule 1`,
    `${PUBLISHER} signed with default/1: ok`,
    `${PUBLISHER} may not keys.create mine: no rule for this identity allows the operation`,
    'local keys.create second/1, allowed by rule 0',
    'local keys.create second/1: ok',
    'local keys.disable second/1, allowed by rule 0',
    'local keys.disable second/1: ok',
    'the clock was set by -2 hours',
    'the daemon crashed',
    'the clock was set by -2 hours',
    'the configuration changed',
    'the daemon starts',
    'local signs with default/1, allowed by rule 0',
    'local signed with default/1: ok',
    'the daemon stops',
    'the clock was set by -2 hours',
    'the daemon starts',
    'the daemon stops',
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
  expect(verifyLogOf(home.home).openIntents).toBe(0)
})

/** One line of a reviewer's notes. What the daemon does for itself is left out. */
function tell({ kind, operation, caller, key, keyVersion, policyRule, result, reason, clockStepMs }: Leaf): string | undefined {
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

async function start(): Promise<void> {
  daemon = await startDaemon(home.home, { env: clock.env })
}

function configure(edit: (text: string) => string): void {
  const path = join(home.home, 'config.toml')
  writeFileSync(path, edit(readFileSync(path, 'utf8')))
}

function connectAs(who: typeof publisher): ReturnType<typeof connect> {
  const ready = daemon
    .log()
    .split('\n')
    .find((line) => line.includes('"msg":"ready"'))
  const { addresses } = JSON.parse(ready ?? '{}') as { addresses: string[] }
  const address = `localhost:${addresses[1]?.split(':').at(-1)}`
  return connect({ address, tls: { ca: readFileSync(servers.certFile), cert: readFileSync(who.certFile), key: readFileSync(who.keyFile) } })
}
