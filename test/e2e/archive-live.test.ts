/** Old entries are moved into cold storage while a daemon signs for eight clients, and once it is killed in the middle of that: nothing is missing, and the log tells of each run. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIT_MIGRATIONS } from '#audit'
import { type Client, connect, type SignAnswer } from '#client'
import { openDatabaseForReading } from '#db'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import type { Leaf } from '#tlog'
import { judgeAnswer, signRequest } from '../support/live-signing.ts'
import { initHome, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const cold = join(folder.path, 'cold')
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon

beforeAll(async () => {
  home = await initHome()
  const config = join(home.home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('[audit]\n', `[audit]\ncold = ${JSON.stringify(cold)}\n`))
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

const client = () => connect({ address: `unix:${daemon.socket}` })

/** So many small entries: each of these calls is told in the log before it is answered. */
async function fill(entries: number): Promise<void> {
  await using reader = client()
  let left = entries
  const worker = async () => {
    while (left-- > 0) for await (const _entry of reader.listEntries({ limit: 1 }, { forExport: true }));
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  const [last] = await Array.fromAsync(reader.listEntries({ reverse: true, limit: 1 }))
  await reader.getReceipt(last?.index ?? 0n) // a checkpoint covers them
}

/** Tells of each answer until it is stopped, and then gives all of them. */
function sign(by: Client, onAnswer: () => void): { stop(): Promise<SignAnswer[]> } {
  let isOver = false
  const answers: SignAnswer[] = []
  const running = (async () => {
    while (!isOver) {
      answers.push(await by.sign(signRequest()))
      onAnswer()
    }
  })()
  return { stop: async () => ((isOver = true), await running, answers) }
}

function moved(): number {
  const db = openDatabaseForReading(join(home.home, 'sealstone.db'), AUDIT_MIGRATIONS)
  try {
    return db.prepare('SELECT count(*) AS count FROM audit_leaf WHERE octet_length(bytes) = 0').get()?.['count'] as number
  } finally {
    db.close()
  }
}

/** The step that moves this entry counts to that number before it goes on, in the middle of its commit: it takes seconds, or for ever. */
function slowDown(entry: number, count: number): Disposable {
  const change = (sql: string): void => {
    using driver = new DatabaseSync(join(home.home, 'sealstone.db'), { timeout: 100_000 })
    driver.exec(sql)
  }
  const counting = `WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${count}) SELECT max(n) FROM counted`
  change(`CREATE TRIGGER slow BEFORE DELETE ON audit_leaf WHEN old.idx = ${entry} BEGIN SELECT (${counting}); END`)
  return { [Symbol.dispose]: () => change('DROP TRIGGER slow') }
}

/** What the log says of runs, oldest first. */
async function told(): Promise<Leaf[]> {
  await using reader = client()
  const entries = await Array.fromAsync(reader.listEntries({ reverse: true, limit: 300 }))
  return entries
    .map(({ leaf }) => leaf)
    .filter(({ operation }) => operation === 'audit.archive')
    .reverse()
}

it('moves them while eight clients sign, each of whom gets what verifies', async () => {
  await fill(1000)
  await using clients = new AsyncDisposableStack()
  let answers = 0
  const all = Promise.withResolvers<void>()
  const signing = Array.from({ length: 8 }, () =>
    sign(clients.use(client()), () => {
      if (++answers === 16) all.resolve()
    }),
  )
  await all.promise // all of them are at work
  const before = answers
  const { stdout } = await runOk(['audit', 'archive', '--before', '700', '--json'], home)
  expect(answers).toBeGreaterThan(before) // nobody waited for its end
  const signed = (await Promise.all(signing.map(({ stop }) => stop()))).flat()
  expect(JSON.parse(stdout)).toMatchObject({ directory: cold, end: 512, moved: 512 })
  expect(moved()).toBe(512 - 1) // the start of the daemon stays at hand

  const trust = parseTrustFile(readFileSync(join(home.home, 'trust.json')), nativeEngine())
  for (const answer of signed) expect(await judgeAnswer(answer, trust)).toMatchObject({ ok: true })
  expect((await runOk(['audit', 'fsck'], home)).stdout).toMatch(/^OK/)
  const reason = expect.stringMatching(`^entries 0 to 511 to ${cold}; the tree of 512 entries has root [A-Za-z0-9+/]{43}=$`) as string
  expect(await told()).toMatchObject([
    { kind: 'intent', caller: 'local', reason, policyRule: 0 },
    { kind: 'outcome', caller: 'local', reason, result: 'ok', count: 512 },
  ])
  expect((await runOk(['audit', 'archive', '--before', '700'], home)).stdout).toContain('nothing is new')
  expect((await told()).length).toBe(2)
  expect((await runOk(['audit', 'show', '100'], home)).stdout).toContain('log-export')
})

it('killed in the middle leaves every entry in one place, closes the intent at the next start, and goes on from there', async () => {
  await fill(800)
  const before = moved()
  {
    using _stuck = slowDown(1024, Number.MAX_SAFE_INTEGER)
    await using caller = client()
    const running = caller.archiveEntries({ before: 1300n }).catch((error: { code?: string }) => error.code)
    await expect.poll(moved).toBeGreaterThan(before)
    await daemon.kill('SIGKILL')
    expect(await running).toBe('DAEMON_UNAVAILABLE')
  }
  const left = moved()
  expect(left).toBeGreaterThan(before)
  expect(left).toBeLessThanOrEqual(1024)
  expect((await runOk(['audit', 'fsck'], home)).stdout).toMatch(/^OK/)
  daemon = await startDaemon(home.home)
  const reason = expect.stringMatching(`^entries 512 to 1279 to ${cold};`) as string
  expect((await told()).slice(-2)).toMatchObject([
    { kind: 'intent', reason },
    { kind: 'outcome', result: 'unknown' },
  ])
  const { stdout } = await runOk(['audit', 'archive', '--before', '1300', '--json'], home)
  expect(JSON.parse(stdout)).toMatchObject({ end: 1280 })
  expect((await told()).slice(-2)).toMatchObject([
    { kind: 'intent' },
    { kind: 'outcome', result: 'ok', count: (JSON.parse(stdout) as { moved: number }).moved },
  ])
  expect((await runOk(['audit', 'fsck'], home)).stdout).toMatch(/^OK/)
})

it('stops after a step when its caller goes, and the log says how many it had moved', async () => {
  await fill(800)
  const before = moved()
  using _slow = slowDown(1536, 5_000_000) // long enough for the daemon to hear of it
  await using caller = client()
  const stop = new AbortController()
  const running = caller.archiveEntries({ before: 2100n }, { signal: stop.signal })
  running.catch(() => {}) // judged below
  await expect.poll(moved).toBeGreaterThan(before)
  stop.abort()
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  await expect.poll(async () => (await told()).at(-1)).toMatchObject({ kind: 'outcome', result: 'error', errorCode: 'CANCELLED' })
})

it('while the daemon is stopped is told in the log as well, and the file gets smaller; from then on also while one runs', async () => {
  await fill(520)
  await daemon.stop()
  const database = join(home.home, 'sealstone.db')
  const before = statSync(database).size
  const offline = JSON.parse((await runOk(['audit', 'archive', '--before', '2600', '--json'], home)).stdout) as { moved: number; end: number }
  expect(offline).toMatchObject({ end: 2560 })
  expect(statSync(database).size).toBeLessThan(before)
  daemon = await startDaemon(home.home)
  expect((await told()).slice(-2)).toMatchObject([{ kind: 'intent' }, { kind: 'outcome', result: 'ok', count: offline.moved }])
  await fill(520)
  const online = JSON.parse((await runOk(['audit', 'archive', '--before', '3100', '--json'], home)).stdout) as {
    bytesBefore: number
    bytesAfter: number
  }
  expect(online.bytesAfter).toBeLessThan(online.bytesBefore)
  expect((await runOk(['audit', 'fsck'], home)).stdout).toMatch(/^OK/)
})
