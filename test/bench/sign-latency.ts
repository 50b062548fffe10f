/**
 * One hybrid Sign over the Unix socket, one client, every fsync on, against the bare cost of the primitives that it consists of: in one run,
 * in turn, so that a busy machine slows both. The primitives run in this process, on a SoftHSM token of its own.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { connect } from '#client'
import { nativeEngine } from '#suites/native'
import { generateKeyPair, openToken, seal, signInToken, unseal } from '#token'
import { initHome, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { makeToken } from '../support/softhsm.ts'

const WARM_UP = 50
const ROUNDS = 500
const RESOURCES = 10

using folder = temporaryFolder('sealstone-bench-')
using home = await initHome()
await using daemon = await startDaemon(home.home)
await using client = connect({ address: `unix:${daemon.socket}` })
using ownToken = await makeToken('bench')
Object.assign(process.env, ownToken.location.env)
const primitives = barePrimitives()

const names = ['Sign', ...primitives.keys()]
const times = new Map<string, number[]>(names.map((name) => [name, []]))
const sums: number[] = []
for (let round = -WARM_UP; round < ROUNDS; round++) {
  const request = signRequest(round)
  const whole = await timed(() => client.sign(request))
  let sum = 0
  for (const [name, { count, run }] of primitives) {
    const one = await timed(run)
    sum += one * count
    if (round >= 0) times.get(name)?.push(one)
  }
  if (round < 0) continue
  times.get('Sign')?.push(whole)
  sums.push(sum)
}

console.log(`| ${ROUNDS} rounds, model of ${RESOURCES} files | times | p50 ms | p99 ms |\n|---|---|---|---|`)
for (const [name, { count }] of primitives) console.log(row(name, count, times.get(name) ?? []))
console.log(row('**all these primitives**', 1, sums))
console.log(row('**Sign, as the client sees it**', 1, times.get('Sign') ?? []))
const [signed, bare] = [times.get('Sign') ?? [], sums]
console.log(
  `\nratio Sign / primitives: p50 ${(quantile(signed, 0.5) / quantile(bare, 0.5)).toFixed(2)}, p99 ${(quantile(signed, 0.99) / quantile(bare, 0.99)).toFixed(2)}`,
)

function signRequest(round: number): Parameters<typeof client.sign>[0] {
  const resources = Array.from({ length: RESOURCES }, (_, at) => ({
    name: `weights-${at}.safetensors`,
    algorithm: 'sha256' as const,
    digest: createHash('sha256').update(`${round}/${at}`).digest(),
    size: 1,
  }))
  const serialization = { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: [] } as const
  return { content: { kind: 'manifest', manifest: { modelName: 'bench', resources, serialization, totalBytes: RESOURCES } } }
}

/** What one Sign must do at the least, by how often it does it. */
function barePrimitives(): Map<string, { readonly count: number; readonly run: () => unknown }> {
  const engine = nativeEngine()
  const token = openToken(ownToken.options)
  const p256 = generateKeyPair(token, 'ecdsa-p256', 'bench')
  const ed25519 = generateKeyPair(token, 'ed25519', 'bench')
  const seed = randomBytes(32)
  const context = Buffer.from('bench')
  const { blob } = seal(token, seed, context)
  const message = randomBytes(2000)
  const none = new Uint8Array()
  const mlDsa65 = engine.publicKeyFromSeed(65, seed)
  const mlDsa65Signature = engine.signMlDsa(65, seed, message, none)
  const mlDsa44 = engine.publicKeyFromSeed(44, seed)
  const mlDsa44Signature = engine.signMlDsa(44, seed, message, none)
  const ed = generateKeyPairSync('ed25519')
  const edSignature = sign(null, message, ed.privateKey)
  const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaSignature = sign('sha256', message, ecdsa.privateKey)
  return new Map([
    ['unseal a seed in the token (AES-GCM)', { count: 2, run: () => unseal(token, blob, context)[Symbol.dispose]() }],
    ['ML-DSA-65 signature from the seed', { count: 1, run: () => engine.signMlDsa(65, seed, message, none) }],
    ['ML-DSA-44 signature from the seed', { count: 1, run: () => engine.signMlDsa(44, seed, message, none) }],
    ['ECDSA P-256 signature in the token', { count: 2, run: () => signInToken(token, 'ecdsa-p256', p256.ckaId, message) }],
    ['Ed25519 signature in the token', { count: 1, run: () => signInToken(token, 'ed25519', ed25519.ckaId, message) }],
    ['ML-DSA-65 verification', { count: 1, run: () => engine.verify('ml-dsa-65', mlDsa65, message, mlDsa65Signature) }],
    ['ML-DSA-44 verification', { count: 1, run: () => engine.verify('ml-dsa-44', mlDsa44, message, mlDsa44Signature) }],
    ['Ed25519 verification', { count: 1, run: () => verify(null, message, ed.publicKey, edSignature) }],
    ['ECDSA P-256 verification', { count: 2, run: () => verify('sha256', message, ecdsa.publicKey, ecdsaSignature) }],
    ['SQLite commit of 20 kB, fsync', { count: 2, run: commits() }],
  ])
}

function commits(): () => void {
  const database = new DatabaseSync(join(folder.path, 'bench.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE entry (id INTEGER PRIMARY KEY, bytes BLOB)')
  const insert = database.prepare('INSERT INTO entry (bytes) VALUES (?)')
  const bytes = randomBytes(20_000)
  return () => void insert.run(bytes)
}

async function timed(run: () => unknown): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

function row(name: string, count: number, values: readonly number[]): string {
  return `| ${name} | ${count} | ${quantile(values, 0.5).toFixed(2)} | ${quantile(values, 0.99).toFixed(2)} |`
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}
