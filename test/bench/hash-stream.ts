/** HashStream with an ordinary grpc-js client in a process of its own, against a bare HTTP/2 server that hashes; and Sign while streams run. */
import { type ChildProcess, fork } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { quantiles } from '../../src/bench/statistics.ts'
import { connect } from '#client'
import { initHome, peakMemoryMiB, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import type { Sent, ToSender } from './hash-stream-sender.ts'

const MIB = 1024 * 1024
const ROUNDS = 5

using folder = temporaryFolder('sealstone-bench-')
using home = await initHome()
appendFileSync(join(home.home, 'config.toml'), '\n[hash]\nsocket = "hash.sock"\n')
await using daemon = await startDaemon(home.home)
const dataPlane = Number(/"dataPlane":(\d+),"addresses"/.exec(daemon.log())?.[1])
const socket = join(home.home, 'hash.sock')
const bareSocket = join(folder.path, 'bare.sock')
const sinkSocket = join(folder.path, 'sink.sock')
const bares = await Promise.all([startBare(bareSocket, 'sha256'), startBare(sinkSocket, 'sink')])

const rates = { sha256: [] as number[], blake3: [] as number[], bare: [] as number[], sink: [] as number[], many: [] as number[] }
for (let round = 0; round <= ROUNDS; round++) {
  const results = {
    sink: await send({ socket: sinkSocket, streams: 1, mib: 2048, hashType: 'HASH_TYPE_SHA256' }),
    bare: await send({ socket: bareSocket, streams: 1, mib: 2048, hashType: 'HASH_TYPE_SHA256' }),
    sha256: await send({ socket, streams: 1, mib: 2048, hashType: 'HASH_TYPE_SHA256' }),
    blake3: await send({ socket, streams: 1, mib: 2048, hashType: 'HASH_TYPE_BLAKE3' }),
    many: await send({ socket, streams: 64, mib: 32, hashType: 'HASH_TYPE_SHA256' }),
  }
  if (round > 0) for (const name of ['sink', 'bare', 'sha256', 'blake3', 'many'] as const) rates[name].push(results[name])
}
const [sha256, blake3, bareRate, sink, many] = [rates.sha256, rates.blake3, rates.bare, rates.sink, rates.many].map(median)
console.log(`| 256 KiB messages, ordinary grpc-js client in another process, median of ${ROUNDS} in turn | MB/s |\n|---|---|`)
console.log(`| bare: node:http2, nothing hashed, one stream | ${sink?.toFixed(0)} |`)
console.log(`| bare: node:http2, framing passed over, SHA-256, one stream | ${bareRate?.toFixed(0)} |`)
console.log(`| HashStream, SHA-256, one stream | ${sha256?.toFixed(0)} |`)
console.log(`| HashStream, BLAKE3, one stream | ${blake3?.toFixed(0)} |`)
console.log(`| HashStream, SHA-256, 64 streams, sum | ${many?.toFixed(0)} |`)
console.log(`\nHashStream / bare: ${ratio(sha256, bareRate)} (bar: at least 0.85)`)
console.log(`BLAKE3 / SHA-256: ${ratio(blake3, sha256)} (bar: at least 1.5)`)
console.log(`a bare server that hashes nothing / the bare one with SHA-256: ${ratio(sink, bareRate)} (the most that a faster hash can give)`)
console.log(`64 streams / one: ${ratio(many, sha256)} (bar: at least 0.9)`)
console.log(`memory of the data plane: ${peakMemoryMiB(dataPlane).toFixed(0)} MiB at most (bar: 250)`)

await using client = connect({ address: `unix:${daemon.socket}` })
const idle: number[] = []
const busy: number[] = []
for (let round = 0; round < 3; round++) {
  idle.push(...(await signFor(5000)))
  const sender = start({ socket, streams: 8, mib: 1_000_000, hashType: 'HASH_TYPE_SHA256' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  busy.push(...(await signFor(5000)))
  sender.kill()
}
const [idleTimes, busyTimes] = [quantiles(idle), quantiles(busy)]
console.log(
  `\nSign, one client: p50 ${idleTimes.p50.toFixed(1)} ms, p99 ${idleTimes.p99.toFixed(1)} ms; while 8 streams run p50 ${busyTimes.p50.toFixed(1)} ms, p99 ${busyTimes.p99.toFixed(1)} ms`,
)
console.log(`ratio of the p99: ${ratio(busyTimes.p99, idleTimes.p99)} (bar: at most 3)`)
for (const bare of bares) bare.kill()

async function startBare(path: string, kind: 'sha256' | 'sink'): Promise<ChildProcess> {
  const bare = fork(join(import.meta.dirname, 'hash-stream-bare.ts'), [path, kind], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await new Promise((resolve) => bare.once('message', resolve))
  return bare
}

/** MB/s. */
async function send(task: ToSender): Promise<number> {
  const sender = start(task)
  const { seconds } = await new Promise<Sent>((resolve, reject) => {
    sender.once('message', (message) => resolve(message as Sent))
    sender.once('exit', (code) => reject(new Error(`the sender ended with ${code}`)))
  })
  return (task.streams * task.mib * MIB) / 1e6 / seconds
}

function start(task: ToSender): ChildProcess {
  const sender = fork(join(import.meta.dirname, 'hash-stream-sender.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  sender.send(task)
  return sender
}

/** Milliseconds of each signature. */
async function signFor(milliseconds: number): Promise<number[]> {
  const times: number[] = []
  const digest = new Uint8Array(32)
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const began = performance.now()
    crypto.getRandomValues(digest)
    await client.sign({
      content: {
        kind: 'manifest',
        manifest: {
          modelName: 'bench',
          resources: [{ name: 'weights.bin', algorithm: 'sha256', digest, size: 1 }],
          serialization: { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: [] },
          totalBytes: 1,
        },
      },
    })
    times.push(performance.now() - began)
  }
  return times
}

function ratio(left = 0, right = 1): string {
  return (left / right).toFixed(2)
}

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0
}
