/** `sealstone hash` against openssl, b3sum, cat and model_signing on the same files in the page cache: whole processes, in turn, one run. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { LAUNCHER, peakMemoryMiB, PROJECT, temporaryFolder } from '../support/sealstone.ts'

const GIB = 1024 ** 3
const CORES = availableParallelism()
const ROUNDS = 5
const MODEL_SIGNING = join(PROJECT, '.cache/model-signing-1.1.1/bin/model_signing')
if (!existsSync(MODEL_SIGNING)) throw new Error(`${MODEL_SIGNING} is missing; run: make bench-hash`)

using folder = temporaryFolder('sealstone-bench-')
const four = join(folder.path, 'four')
const one = join(folder.path, 'one')
const small = join(folder.path, 'small')
const key = join(folder.path, 'key.pem')
for (const path of [four, one, small]) mkdirSync(path)
for (const name of ['a.bin', 'b.bin', 'c.bin', 'd.bin']) fill(join(four, name), GIB)
fill(join(one, 'weights.bin'), 4 * GIB)
for (let at = 0; at < 5000; at++) writeFileSync(join(small, `part-${String(at).padStart(4, '0')}.bin`), randomBytes(20 * 1024))
writeFileSync(key, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })

const files = ['a.bin', 'b.bin', 'c.bin', 'd.bin'].map((name) => join(four, name))
const weights = join(one, 'weights.bin')
const hash = (...args: string[]) => [[LAUNCHER, 'hash', ...args]]
const modelSigning = (model: string) => [[MODEL_SIGNING, 'sign', 'key', '--private_key', key, '--signature', join(folder.path, 'out.sig'), model]]
/** Every file once, as many processes as there are cores. */
const openssl = Array.from({ length: CORES }, (_, core) => ['openssl', 'dgst', '-sha256', ...files.filter((_file, at) => at % CORES === core)])

const seconds = await measure({
  'sealstone hash, 4 × 1 GiB': hash(four),
  'openssl dgst -sha256 on all cores, 4 × 1 GiB': openssl,
  'model_signing sign, 4 × 1 GiB': modelSigning(four),
  'cat, 4 × 1 GiB': [['cat', ...files]],
  'sealstone hash --shard-size 256 MiB, one of 4 GiB': hash(weights, '--shard-size', String(GIB / 4)),
  'model_signing sign, one of 4 GiB': modelSigning(one),
  'sealstone hash --algorithm blake3, one of 4 GiB': hash(weights, '--algorithm', 'blake3'),
  'b3sum, one of 4 GiB': [['b3sum', weights]],
  'sealstone hash, 5,000 × 20 KiB': hash(small),
  'model_signing sign, 5,000 × 20 KiB': modelSigning(small),
})
console.log(`| whole process, median of ${ROUNDS} in turn | seconds |\n|---|---|`)
for (const [name, value] of Object.entries(seconds)) console.log(`| ${name} | ${value.toFixed(2)} |`)

const of = (name: keyof typeof seconds): number => seconds[name]
const rows: [string, number, string][] = [
  [
    'SHA-256, 4 × 1 GiB: speed as a part of openssl on all cores',
    of('openssl dgst -sha256 on all cores, 4 × 1 GiB') / of('sealstone hash, 4 × 1 GiB'),
    '0.95',
  ],
  ['the same: times as fast as model_signing', of('model_signing sign, 4 × 1 GiB') / of('sealstone hash, 4 × 1 GiB'), '1'],
  [
    'SHA-256, one file in shards: speed as a part of four files',
    of('sealstone hash, 4 × 1 GiB') / of('sealstone hash --shard-size 256 MiB, one of 4 GiB'),
    '1, about',
  ],
  [
    'the same: times as fast as model_signing',
    of('model_signing sign, one of 4 GiB') / of('sealstone hash --shard-size 256 MiB, one of 4 GiB'),
    '1.9',
  ],
  ['BLAKE3, one file: speed as a part of b3sum', of('b3sum, one of 4 GiB') / of('sealstone hash --algorithm blake3, one of 4 GiB'), '0.7'],
  ['5,000 small files: times as fast as model_signing', of('model_signing sign, 5,000 × 20 KiB') / of('sealstone hash, 5,000 × 20 KiB'), '3'],
]
console.log('\n| | ratio | bar: at least |\n|---|---|---|')
for (const [what, ratio, bar] of rows) console.log(`| ${what} | ${ratio.toFixed(2)} | ${bar} |`)

const sparse = join(folder.path, 'sparse.bin')
writeFileSync(sparse, '')
truncateSync(sparse, 50 * GIB)
console.log(
  `\nsealstone hash --algorithm blake3 of 50 GiB (sparse): ${(await peakMemory([LAUNCHER, 'hash', sparse, '--algorithm', 'blake3'])).toFixed(0)} MiB at most (bar: 150)`,
)

function fill(path: string, bytes: number): void {
  const file = openSync(path, 'w')
  for (let at = 0; at < bytes; at += 64 * 1024 ** 2) writeSync(file, randomBytes(64 * 1024 ** 2))
}

/** Each of them once a round, in turn; medians. */
async function measure<Name extends string>(commands: Record<Name, string[][]>): Promise<Record<Name, number>> {
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, together] of Object.entries<string[][]>(commands)) {
      const start = performance.now()
      await Promise.all(together.map(run))
      if (round > 0) times[name as Name].push((performance.now() - start) / 1000)
    }
  }
  return Object.fromEntries(
    Object.entries<number[]>(times).map(([name, all]) => [name, all.sort((left, right) => left - right)[ROUNDS >> 1] ?? 0]),
  ) as Record<Name, number>
}

function run([command = '', ...args]: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  child.on('error', reject)
  child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))))
  return promise
}

/** MiB, looked at while it runs. */
function peakMemory([command = '', ...args]: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  let peak = 0
  const look = setInterval(() => {
    if (child.exitCode === null && child.signalCode === null) peak = Math.max(peak, peakMemoryMiB(child.pid as number))
  }, 20)
  child.on('error', reject)
  child.on('exit', (code) => {
    clearInterval(look)
    if (code === 0) resolve(peak)
    else reject(new Error(`${command} ended with ${code}`))
  })
  return promise
}
