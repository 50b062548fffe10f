/** `sealstone hash --cache` after one of 200 shards changed, against hashing that one file: whole processes, in turn, one run. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { initHome, LAUNCHER, temporaryFolder } from '../support/sealstone.ts'

const ROUNDS = 9
const SHARDS = 200
const SHARD_BYTES = 20_000_000

using folder = temporaryFolder('sealstone-bench-')
using home = await initHome()
const model = join(folder.path, 'model')
mkdirSync(model)
const shards = Array.from({ length: SHARDS }, (_, at) => join(model, `shard-${String(at).padStart(3, '0')}.bin`))
for (const shard of shards) writeFileSync(shard, randomBytes(SHARD_BYTES))
await sleep(2100) // what was written just now is not kept
hash(model, '--cache')

const times = { changed: [] as number[], one: [] as number[], all: [] as number[] }
for (let round = 0; round < ROUNDS; round++) {
  const shard = shards[round * 7] as string
  writeFileSync(shard, randomBytes(SHARD_BYTES))
  await sleep(2100)
  times.changed.push(hash(model, '--cache'))
  times.one.push(hash(shard))
  times.all.push(hash(model))
}
const [changed, one, all] = [times.changed, times.one, times.all].map(median)
console.log(`| whole process, median of ${ROUNDS} in turn | seconds |\n|---|---|`)
console.log(`| sealstone hash --cache, 1 of ${SHARDS} shards of 20 MB changed | ${changed?.toFixed(3)} |`)
console.log(`| sealstone hash of that shard alone | ${one?.toFixed(3)} |`)
console.log(`| sealstone hash of all of them | ${all?.toFixed(3)} |`)
console.log(`\nratio to that shard alone, start of the process included: ${((changed ?? 0) / (one ?? 1)).toFixed(2)} (bar: at most 1.3)`)

/** Seconds. */
function hash(...args: string[]): number {
  const start = performance.now()
  execFileSync(LAUNCHER, ['hash', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, SEALSTONE_HOME: home.home } })
  return (performance.now() - start) / 1000
}

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0
}
