/**
 * A real daemon signs for eight clients while something goes wrong every second. At the end every answer was verified by the trust file alone,
 * is in the log, and nothing has grown; exit 1 if not. Usage: node test/soak/soak.ts [seconds] [seed]
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '#client'
import { isErrorCode, parseKeyName, toSealstoneError } from '#core'
import { parseTrustFile } from '#envelopes'
import { formatTokenUri } from '#keyhost'
import { nativeEngine } from '#suites/native'
import { makeFaultyToken } from '../support/fault-module.ts'
import { judgeAnswer, signRequest, verifyLogOf } from '../support/live-signing.ts'
import { initHome, type RunningDaemon, startDaemon } from '../support/sealstone.ts'
import { type Held, judge, type Sample, type Soak, thirds } from './judge.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { RandomFaults } from './random-faults.ts'

const SECONDS = wholeNumber(process.argv[2] ?? '600', 'seconds')
const SEED = wholeNumber(process.argv[3] ?? String(Date.now() % 2 ** 32), 'seed')
const CLIENTS = 8
const CHILDREN = 3
const GIVE_UP_MS = 60_000
const EXPECTED: ReadonlySet<string> = new Set(['AUDIT_UNAVAILABLE', 'SIGNATURE_MISMATCH', 'DEADLINE_EXCEEDED', 'OVERLOADED'])
const LABELS = { rssMiB: 'resident memory, MiB', descriptors: 'descriptors', threads: 'threads' } as const
const LOG = join(import.meta.dirname, '../../.cache/soak.log')
/** Faults and their repair end so long before the end. */
const CALM_MS = 30_000

console.log(`soak of ${SECONDS} s, seed ${SEED}; again: make soak SECONDS=${SECONDS} SEED=${SEED}`)
using token = await makeFaultyToken()
using home = await initHome([
  '--token',
  formatTokenUri(token.location),
  ...Object.entries(token.env).flatMap(([name, value]) => ['--token-env', `${name}=${value}`]),
])
configure(home.home)
const daemon = await startDaemon(home.home)
const client = connect({ address: `unix:${daemon.socket}`, timeoutMs: 30_000 })
const trust = parseTrustFile(await client.getTrust(), nativeEngine())
const answered = new Set<string>()
const errors = new Map<string, number>()
const samples: Sample[] = []
let wrong = 0
let lost = 0
let quarantines = 0
let stopped = false
let daemonEnded = false

const faults = new RandomFaults({ token, children: () => childrenOf(daemon.pid) }, seededRandom(SEED))
const clients = Array.from({ length: CLIENTS }, async () => {
  while (!stopped) await one()
})
const operator = liftQuarantines()
const end = performance.now() + SECONDS * 1000
while (performance.now() < end && !daemonEnded) {
  faults.strike()
  for (let part = 0; part < 10; part++) {
    await sleep(100)
    faults.endThoseDue()
  }
  look(daemon)
}
faults.endAll()
await sleep(daemonEnded ? 0 : CALM_MS)
stopped = true
await Promise.all([...clients, operator])

const logged = daemonEnded ? undefined : await readLog()
const starts = count(daemon.log(), /"msg":"key host ready"|"msg":"key host did not open"/g)
const open = token.calls('C_OpenSession') - token.calls('C_CloseSession')
await client.close()
await daemon[Symbol.asyncDispose]()
const soak: Soak = {
  signed: answered.size,
  wrong,
  lost,
  unlogged: logged === undefined ? answered.size : answered.difference(logged.succeeded).size,
  openIntents: logged?.open ?? 0,
  unexpected: Object.fromEntries([...errors].filter(([code]) => !isExpected(code))),
  logFault: checkLog(),
  daemonEnded,
  sessionsPerStart: open / starts,
  samples,
}
report(soak)

/** One model, asked for under one idempotency key until it is signed. */
async function one(): Promise<void> {
  const request = signRequest()
  const begun = performance.now()
  for (;;) {
    try {
      const answer = await client.sign(request)
      answered.add(answer.operationId)
      const verdict = await judgeAnswer(answer, trust)
      if (verdict.ok) return
      wrong += 1
      console.error(
        'wrong:',
        verdict.checks.filter(({ status }) => status === 'failed').map(({ reason }) => reason),
      )
      return
    } catch (thrown) {
      const { code, message } = toSealstoneError(thrown)
      errors.set(code, (errors.get(code) ?? 0) + 1)
      if (!isExpected(code)) console.error(`${code}: ${message}`)
      if (performance.now() - begun > GIVE_UP_MS) {
        lost += 1
        console.error(`lost: ${code}: ${message}`)
        return
      }
      await sleep(100)
    }
  }
}

/** What the alert tells an operator to do. It fails while the token does; then it is done again. */
async function liftQuarantines(): Promise<void> {
  const name = parseKeyName('default')
  while (!stopped) {
    await sleep(250)
    try {
      const [key] = await client.listKeys()
      if (key?.quarantine === undefined) continue
      await client.enableKey({ name, version: 1 })
      quarantines += 1
    } catch (thrown) {
      const { code } = toSealstoneError(thrown)
      if (!isExpected(code)) errors.set(code, (errors.get(code) ?? 0) + 1)
    }
  }
}

/** Everything that a token which fails may be answered with; not what says that we have a bug. */
function isExpected(code: string): boolean {
  return isErrorCode(code) && (/^(?:TOKEN|KEY|SEALED)_/.test(code) || EXPECTED.has(code))
}

async function readLog(): Promise<{ readonly succeeded: Set<string>; readonly open: number }> {
  const intents = new Set<string>()
  const succeeded = new Set<string>()
  for await (const { leaf } of client.listEntries({}, { timeoutMs: 300_000 })) {
    if (leaf.kind === 'intent') intents.add(leaf.operationId)
    if (leaf.kind !== 'outcome') continue
    intents.delete(leaf.operationId)
    if (leaf.result === 'ok') succeeded.add(leaf.operationId)
  }
  return { succeeded, open: intents.size }
}

function checkLog(): string | undefined {
  try {
    const { openIntents } = verifyLogOf(home.home)
    return openIntents === 0 ? undefined : `${openIntents} intents without an outcome after the stop`
  } catch (error) {
    return toSealstoneError(error).message
  }
}

function look({ pid }: RunningDaemon): void {
  const held = heldBy(pid)
  if (held === undefined) daemonEnded = true
  else samples.push({ daemon: held, child: most(childrenOf(pid).map(heldBy)) })
}

function heldBy(pid: number): Held | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    const rssMiB = number('VmRSS') / 1024
    return Number.isNaN(rssMiB) ? undefined : { rssMiB, descriptors: readdirSync(`/proc/${pid}/fd`).length, threads: number('Threads') }
  } catch {
    return undefined // it has just ended
  }
}

function most(all: readonly (Held | undefined)[]): Held | undefined {
  const held = all.filter((one) => one !== undefined)
  if (held.length === 0) return undefined
  const highest = (what: keyof Held): number => Math.max(...held.map((one) => one[what]))
  return { rssMiB: highest('rssMiB'), descriptors: highest('descriptors'), threads: highest('threads') }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function configure(folder: string): void {
  const path = join(folder, 'config.toml')
  const config = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    config
      .replace('# children = 0', `children = ${CHILDREN}`)
      .replace('# keep_keys_ms = 2000', 'keep_keys_ms = 100')
      .replace('# canary_seconds = 30', 'canary_seconds = 5'),
  )
}

function report(result: Soak): void {
  const seconds = SECONDS + CALM_MS / 1000
  const row = (what: string, value: string | number): void => console.log(`| ${what} | ${value} |`)
  row(`${SECONDS} s, ${CLIENTS} clients, ${CHILDREN} key host processes, a fault a second, seed ${SEED}`, '')
  console.log('|---|---|')
  row('signatures answered', `${result.signed}, ${(result.signed / seconds).toFixed(0)} a second`)
  row('wrong / lost / not in the log / intents without an outcome', [result.wrong, result.lost, result.unlogged, result.openIntents].join(' / '))
  row('the log, every leaf and hash', result.logFault ?? 'verified')
  row('key host processes started', starts)
  row('quarantines lifted', quarantines)
  row('sessions left open by each process that ended', result.sessionsPerStart.toFixed(1))
  row('errors on the way to an answer', list(errors))
  row('faults', list(faults.counts))
  for (const { who, what, first, last } of thirds(result.samples))
    row(`${who}: ${LABELS[what]}, median of the first and the last third`, `${first.toFixed(0)} / ${last.toFixed(0)}`)
  const found = judge(result)
  console.log(found.length === 0 ? '\nnothing wrong' : `\nviolations:\n${found.map((line) => `- ${line}`).join('\n')}`)
  if (found.length === 0) return
  process.exitCode = 1
  writeFileSync(LOG, daemon.log())
  console.error(`the daemon's log: ${LOG}`)
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, times]) => `${name} ${times}`).join(', ')
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function wholeNumber(text: string, what: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  console.error(`error: ${what} is ${JSON.stringify(text)}, want a whole number`)
  process.exit(2)
}
