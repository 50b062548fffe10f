/**
 * Four times as many clients as the daemon lets in at a time; who is refused comes again when it was told to. What is let in must be done in time,
 * the rest refused at once, and memory must not grow. Usage: node test/bench/overload.ts [seconds]
 *
 * A process with a thousand clients is late itself. So the times are those of a few of them that have a process of their own, as clients elsewhere
 * have; the others are told beside them, with how late each process was.
 */
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '#client'
import { toSealstoneError } from '#core'
import { signRequest } from '../support/live-signing.ts'
import { initHome, startDaemon } from '../support/sealstone.ts'
import { quantile } from './figures.ts'
import type { Served, ToClients } from './overload-clients.ts'

const SECONDS = Number(process.argv[2] ?? 60)
/** Calls that run at a time are 256 (src/rpc/limits.ts). */
const DEMAND = 1024
const OBSERVERS = 32
const QUEUE_MS = 1000 // serve.queue_ms, as it is by default

using home = await initHome()
await using daemon = await startDaemon(home.home)
await closedLoop(5)
const capacity = await closedLoop(5)
const memory: number[] = []
const watch = setInterval(() => memory.push(residentMiB(daemon.pid)), 1000)
const [crowd, observers] = await Promise.all([serve(DEMAND - OBSERVERS), serve(OBSERVERS)])
clearInterval(watch)

const all = { accepted: crowd.accepted.length + observers.accepted.length, refused: crowd.refused.length + observers.refused.length }
const quarter = Math.floor(memory.length / 4)
console.log(
  `| ${DEMAND} clients for ${SECONDS} s; capacity ${capacity.toFixed(0)} a second | ${OBSERVERS} by themselves | the ${DEMAND - OBSERVERS} others |\n|---|---|---|`,
)
console.log(`| signed, p50 / p99; the bound is ${2 * QUEUE_MS} ms | ${times(observers.accepted)} | ${times(crowd.accepted)} |`)
console.log(`| refused, p50 / p99; the bound is 50 ms | ${times(observers.refused)} | ${times(crowd.refused)} |`)
console.log(`| other errors | ${JSON.stringify(observers.others)} | ${JSON.stringify(crowd.others)} |`)
console.log(`| their process was late, p99 | ${observers.lateMs.toFixed(0)} ms | ${crowd.lateMs.toFixed(0)} ms |`)
console.log(`\nsigned ${all.accepted}, ${(all.accepted / SECONDS).toFixed(0)} a second; refused ${all.refused}`)
console.log(`daemon's memory, first and last quarter: ${mean(memory.slice(0, quarter)).toFixed(0)} / ${mean(memory.slice(-quarter)).toFixed(0)} MiB`)

async function serve(clients: number): Promise<Served> {
  const child = fork(join(import.meta.dirname, 'overload-clients.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.send({ home: home.home, clients, seconds: SECONDS } satisfies ToClients)
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Served))
    // It comes behind all messages, which the end of the process need not.
    child.once('disconnect', () => reject(new Error('the clients ended without an answer')))
  })
}

/** Signatures a second with 64 clients that each wait for their answer. */
async function closedLoop(seconds: number): Promise<number> {
  await using client = connect({ address: `unix:${daemon.socket}`, attempts: 1, timeoutMs: 30_000 })
  let count = 0
  const end = performance.now() + seconds * 1000
  const loop = async (): Promise<void> => {
    while (performance.now() < end) {
      try {
        await client.sign(signRequest())
        count += 1
      } catch (thrown) {
        if (toSealstoneError(thrown).code !== 'OVERLOADED') throw thrown // on a slow machine 64 may be too many
        await sleep(100)
      }
    }
  }
  await Promise.all(Array.from({ length: 64 }, loop))
  return count / seconds
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

function times(values: readonly number[]): string {
  return `${values.length}: ${quantile(values, 0.5).toFixed(0)} / ${quantile(values, 0.99).toFixed(0)} ms`
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
