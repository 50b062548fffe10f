/**
 * A key host process is killed (SIGKILL) a hundred times while eight clients sign in a closed loop. Counted: signatures that do not verify,
 * requests without an answer, answers that the audit log does not hold; timed: from each kill to the next signature that any client gets.
 * Usage: node test/bench/key-host-kills.ts [kills]
 */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type SignAnswer } from '#client'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { judgeAnswer, signRequest } from '../support/live-signing.ts'
import { initHome, startDaemon } from '../support/sealstone.ts'

const KILLS = Number(process.argv[2] ?? 100)
const CLIENTS = 8

using home = await initHome()
await using daemon = await startDaemon(home.home)
await using client = connect({ address: `unix:${daemon.socket}` })
const answers: SignAnswer[] = []
const failures = new Map<string, number>()
const recoveries: number[] = []
let lastKill: number | undefined
let stopped = false

const loops = Array.from({ length: CLIENTS }, async () => {
  while (!stopped) {
    try {
      answers.push(await client.sign(signRequest()))
      if (lastKill !== undefined) recoveries.push(performance.now() - lastKill)
      lastKill = undefined
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      failures.set(code, (failures.get(code) ?? 0) + 1)
    }
  }
})
for (let kill = 0; kill < KILLS; kill++) {
  await sleep(randomInt(50, 250))
  while (lastKill !== undefined) await sleep(1)
  lastKill = performance.now()
  process.kill(daemon.keyHostPid(), 'SIGKILL')
}
while (lastKill !== undefined) await sleep(1)
stopped = true
await Promise.all(loops)

const wrong = await countWrong()
const { unlogged, open } = await countUnlogged()
const sorted = recoveries.toSorted((left, right) => left - right)
const at = (q: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN).toFixed(0)
console.log(`| ${KILLS} kills under ${CLIENTS} clients | |\n|---|---|`)
console.log(`| signatures answered | ${answers.length} |`)
console.log(`| wrong | ${wrong} |`)
console.log(`| without an answer, after the client's own retries | ${JSON.stringify(Object.fromEntries(failures))} |`)
console.log(`| answered and not in the log | ${unlogged} |`)
console.log(`| intents without an outcome | ${open} |`)
console.log(`| kill to next signature, p50 / p99 / longest | ${at(0.5)} / ${at(0.99)} / ${at(1)} ms |`)
if (wrong + unlogged + open > 0) process.exitCode = 1

/** With the trust file alone, as a verifier elsewhere would. */
async function countWrong(): Promise<number> {
  const trust = parseTrustFile(await client.getTrust(), nativeEngine())
  let count = 0
  for (const answer of answers) if (!(await judgeAnswer(answer, trust)).ok) count += 1
  return count
}

async function countUnlogged(): Promise<{ unlogged: number; open: number }> {
  const intents = new Set<string>()
  const outcomes = new Set<string>()
  for await (const { leaf } of client.listEntries({}, { timeoutMs: 120_000 })) {
    if (leaf.operation !== 'sign') continue
    if (leaf.kind === 'intent') intents.add(leaf.operationId)
    if (leaf.kind === 'outcome') {
      intents.delete(leaf.operationId)
      if (leaf.result === 'ok') outcomes.add(leaf.operationId)
    }
  }
  return { unlogged: answers.filter(({ operationId }) => !outcomes.has(operationId)).length, open: intents.size }
}
