/**
 * Four times as many clients as the daemon lets in at a time; who is refused comes again when it was told to. What is let in must be done in time,
 * the rest refused at once, and memory must not grow. Usage: node test/bench/overload.ts [seconds]
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '#client'
import { toSealstoneError } from '#core'
import { signRequest } from '../support/live-signing.ts'
import { initHome, startDaemon } from '../support/sealstone.ts'

const SECONDS = Number(process.argv[2] ?? 60)
/** Calls that run at a time are 256 (src/rpc/limits.ts). */
const DEMAND = 1024
const QUEUE_MS = 1000 // serve.queue_ms, as it is by default

using home = await initHome()
await using daemon = await startDaemon(home.home)
// gRPC shares one connection among channels with one address, and a connection takes 64 calls; so each gets a name of its own for the socket.
const clients = Array.from({ length: 24 }, (_, number) =>
  connect({ address: `unix:${home.home}/${'/'.repeat(number)}sealstone.sock`, attempts: 1, timeoutMs: 30_000 }),
)
await closedLoop(5)
const capacity = await closedLoop(5)
const accepted: number[] = []
const refused: number[] = []
const others = new Map<string, number>()
const memory: number[] = []
const end = performance.now() + SECONDS * 1000
const watch = setInterval(() => memory.push(residentMiB(daemon.pid)), 1000)
await Promise.all(
  Array.from({ length: DEMAND }, async (_, number) => {
    await sleep(Math.random() * 1000) // a rate and not a stampede: they do not all begin in the same millisecond
    while (performance.now() < end) await one(number)
  }),
)
clearInterval(watch)
await Promise.all(clients.map((client) => client.close()))

const quarter = Math.floor(memory.length / 4)
console.log(`| ${DEMAND} clients for ${SECONDS} s; capacity ${capacity.toFixed(0)} a second | |\n|---|---|`)
console.log(`| signed | ${accepted.length}, ${(accepted.length / SECONDS).toFixed(0)} a second |`)
console.log(`| their p50 / p99 | ${at(accepted, 0.5)} / ${at(accepted, 0.99)} ms; the bound is ${2 * QUEUE_MS} |`)
console.log(`| refused | ${refused.length} |`)
console.log(`| their p50 / p99 | ${at(refused, 0.5)} / ${at(refused, 0.99)} ms |`)
console.log(`| other errors | ${JSON.stringify(Object.fromEntries(others))} |`)
console.log(
  `| daemon's memory, first and last quarter | ${mean(memory.slice(0, quarter)).toFixed(0)} / ${mean(memory.slice(-quarter)).toFixed(0)} MiB |`,
)

async function one(number: number): Promise<void> {
  const begun = performance.now()
  try {
    await clients[number % clients.length]?.sign(signRequest())
    accepted.push(performance.now() - begun)
  } catch (thrown) {
    const { code, details } = toSealstoneError(thrown)
    if (code === 'OVERLOADED') refused.push(performance.now() - begun)
    else others.set(code, (others.get(code) ?? 0) + 1)
    await sleep(Number(details['retryDelayMs'] ?? 500) * (0.75 + Math.random() / 2))
  }
}

/** Signatures a second with 64 clients that each wait for their answer. */
async function closedLoop(seconds: number): Promise<number> {
  let count = 0
  const end = performance.now() + seconds * 1000
  const loop = async (client: (typeof clients)[number]): Promise<void> => {
    while (performance.now() < end) {
      await client.sign(signRequest())
      count += 1
    }
  }
  await Promise.all(Array.from({ length: 64 }, (_, index) => loop(clients[index % clients.length] as (typeof clients)[number])))
  return count / seconds
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

function at(values: readonly number[], q: number): string {
  const sorted = values.toSorted((left, right) => left - right)
  return (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN).toFixed(0)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
