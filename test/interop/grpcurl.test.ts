/** HashService called with grpcurl, which is Go's gRPC and another protobuf library: streams, paths, and what an error says. */
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildGo } from '../support/go.ts'
import { initHome, PROJECT, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const BYTES = randomBytes(3_000_000)
const folder = temporaryFolder()
let grpcurl: string
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon

beforeAll(async () => {
  grpcurl = buildGo('go-grpcurl', 'github.com/fullstorydev/grpcurl/cmd/grpcurl')
  const root = realpathSync(folder.path)
  home = await initHome()
  appendFileSync(join(home.home, 'config.toml'), `\n[hash]\nsocket = "hash.sock"\nroots = [${JSON.stringify(root)}]\n`)
  mkdirSync(join(root, 'model'))
  writeFileSync(join(root, 'model/w.bin'), BYTES)
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

/** Answers are JSON, one after the other. */
function call(method: string, messages: readonly object[], ...flags: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const address = `unix://${join(home.home, 'hash.sock')}`
  const proto = ['-import-path', join(PROJECT, 'proto'), '-proto', 'sealstone/v1/hash_service.proto']
  return new Promise((resolve) => {
    const child = execFile(
      grpcurl,
      ['-plaintext', ...proto, ...flags, '-d', '@', address, `sealstone.v1.HashService/${method}`],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin?.on('error', () => {}) // it does not read on once it was refused
    child.stdin?.end(messages.map((message) => JSON.stringify(message)).join('\n'))
  })
}

function steps(streamId: string, shardSize: number): object[] {
  const chunks = Array.from({ length: 30 }, (_, at) => BYTES.subarray(at * 100_000, (at + 1) * 100_000))
  return [
    { open: { stream_id: streamId, name: 'w.bin', shard_size: shardSize, hash_type: 'HASH_TYPE_BLAKE2B' } },
    ...chunks.map((data, at) => ({ chunk: { offset: at * 100_000, data: data.toString('base64') } })),
    { close: { size: BYTES.length } },
  ]
}

const blake2b = (bytes: Uint8Array): string => createHash('blake2b512').update(bytes).digest('base64')

it('streams a file, and gets the digests of its parts and of the whole', async () => {
  const { code, stdout, stderr } = await call('HashStream', steps('grpcurl-1', 1_000_000))
  expect([code, stderr]).toEqual([0, ''])
  const answer = JSON.parse(stdout) as { digest: string; shards: { digest: string }[]; ticket: string }
  expect(answer.digest).toBe(blake2b(BYTES))
  expect(answer.shards.map(({ digest }) => digest)).toEqual([0, 1, 2].map((at) => blake2b(BYTES.subarray(at * 1_000_000, (at + 1) * 1_000_000))))
  expect(Buffer.from(answer.ticket, 'base64').length).toBe(41)
})

it('has a path hashed, with its progress', async () => {
  const { code, stdout } = await call('HashPath', [{ path: join(realpathSync(folder.path), 'model') }])
  expect(code).toBe(0)
  expect(stdout).toContain('"progress"')
  expect(stdout).toContain(createHash('sha256').update(BYTES).digest('base64'))
})

it('hears what went wrong and where to go on, with the details of the error', async () => {
  const gap = steps('grpcurl-2', 1_000_000).toSpliced(2, 1)
  const { code, stderr } = await call('HashStream', gap)
  expect(code).not.toBe(0)
  expect(stderr).toContain('these bytes begin at 200000, want 100000')
  // google.rpc.ErrorInfo, of which grpcurl has no definition here: its texts stand in its bytes as they are.
  const details = Buffer.from(/"@value": "([^"]+)"/.exec(stderr)?.[1] ?? '', 'base64').toString('latin1')
  expect(details).toContain('STREAM_OFFSET')
  expect(details).toContain('100000')
  const { stdout } = await call('GetHashStream', [{ stream_id: 'grpcurl-2' }])
  expect(JSON.parse(stdout)).toMatchObject({ offset: '100000' })
})

it('is held to its deadline', async () => {
  const { code, stderr } = await call('HashStream', steps('grpcurl-3', 1_000_000), '-max-time', '0.000001')
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/DeadlineExceeded|deadline exceeded/)
})
