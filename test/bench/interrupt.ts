/** Ctrl-C while `sealstone hash` works: from the signal to the end of the process, at moments all over the work. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { initHome, LAUNCHER, temporaryFolder } from '../support/sealstone.ts'
import { quantile } from './figures.ts'

const TIMES = 15
const FILES = 100_000

using folder = temporaryFolder('sealstone-bench-')
using home = await initHome()
const large = join(folder.path, 'weights.bin')
const many = join(folder.path, 'many')
writeFileSync(large, '')
truncateSync(large, 50_000_000_000)
for (let at = 0; at < FILES; at++) {
  const sub = join(many, String(at % 100))
  if (at < 100) mkdirSync(sub, { recursive: true })
  writeFileSync(join(sub, `${at}.bin`), `part ${at}`)
}

console.log(`| sealstone hash, interrupted ${TIMES} times | median ms | worst ms (bar 200) |\n|---|---|---|`)
await row('one file of 50 GB, SHA-256', [large])
await row('one file of 50 GB, BLAKE3', [large, '--algorithm', 'blake3'])
await row(`${FILES} small files, with a cache`, [many, '--cache'])

async function row(name: string, args: readonly string[]): Promise<void> {
  const times: number[] = []
  for (let run = 0; run < TIMES; run++) times.push(await interrupted(args, run * 40))
  console.log(`| ${name} | ${quantile(times, 0.5).toFixed(0)} | ${Math.max(...times).toFixed(0)} |`)
}

/** @param afterMs of the first sign of progress */
async function interrupted(args: readonly string[], afterMs: number): Promise<number> {
  const child = spawn(LAUNCHER, ['hash', ...args, '--progress', 'json'], {
    env: { ...process.env, SEALSTONE_HOME: home.home },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await once(child.stderr, 'data')
  child.stderr.resume()
  await sleep(afterMs)
  const exit = once(child, 'exit')
  const from = performance.now()
  child.kill('SIGINT')
  const [code, signal] = await exit
  if (code !== 130) throw new Error(`it ended with ${code ?? signal}, not by the signal`)
  return performance.now() - from
}
