/** HashService of a running daemon: bytes streamed over its own socket, files that it reads itself, tickets that reach the audit log. */
import { execFile, execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { credentials } from '@grpc/grpc-js'
import { connect, connectHashing, type HashStreamInput } from '#client'
import type { SealstoneError } from '#core'
import { errorTranslator, type HashStreamRequestInit, loadProtos } from '#wire'
import { eventually } from '../support/eventually.ts'
import { initHome, PROJECT, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const MIB = 1024 * 1024
const BYTES = randomBytes(9 * MIB + 4321)

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
const folder = temporaryFolder()
const root = realpathSync(folder.path)

beforeAll(async () => {
  home = await initHome()
  appendFileSync(join(home.home, 'config.toml'), `\n[hash]\nsocket = "hash.sock"\nroots = [${JSON.stringify(join(root, 'store'))}]\n`)
  mkdirSync(join(root, 'store/model/layers'), { recursive: true })
  writeFileSync(join(root, 'store/model/config.json'), '{}')
  writeFileSync(join(root, 'store/model/layers/a.bin'), BYTES)
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

function hashing() {
  return connectHashing({ address: `unix:${join(home.home, 'hash.sock')}`, timeoutMs: 60_000 })
}

function signing() {
  return connect({ address: `unix:${daemon.socket}` })
}

function bytesFrom(bytes: Buffer, pieceBytes = 256 * 1024): HashStreamInput['read'] {
  return function* (offset) {
    for (let at = offset; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
}

function digest(algorithm: 'sha256' | 'blake2b512', bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('hex')
}

function dataPlanePid(): number {
  return Number([...daemon.log().matchAll(/"dataPlane":(\d+),"addresses"/g)].at(-1)?.[1])
}

/** Of all streams, that a process which is killed does not lose. */
function savedParts(): number {
  const database = new DatabaseSync(join(home.home, 'hash/streams.db'), { readOnly: true })
  try {
    return Number(database.prepare('SELECT count(*) AS count FROM shard').get()?.['count'])
  } finally {
    database.close()
  }
}

describe('a stream', () => {
  it.each([
    ['sha256', 'sha256'],
    ['blake2b', 'blake2b512'],
  ] as const)('has the digests of %s, of its parts and of the whole', async (hashType, algorithm) => {
    await using client = hashing()
    const answer = await client.hashStream({ name: 'w.bin', size: BYTES.length, hashType, shardSize: 4 * MIB, read: bytesFrom(BYTES) })
    expect(answer.digest?.toHex()).toBe(digest(algorithm, BYTES))
    expect(answer.shards.map(({ start, end, digest: part }) => `${start} ${end} ${part.toHex()}`)).toEqual(
      [0, 4 * MIB, 8 * MIB].map((start) => {
        const end = Math.min(BYTES.length, start + 4 * MIB)
        return `${start} ${end} ${digest(algorithm, BYTES.subarray(start, end))}`
      }),
    )
  })

  it('may be empty', async () => {
    await using client = hashing()
    const answer = await client.hashStream({ name: 'empty', read: () => [] })
    expect(answer.digest?.toHex()).toBe(digest('sha256', Buffer.alloc(0)))
  })

  it('goes on where it was when the process is killed in the middle, with the parts that were finished', async () => {
    await using client = hashing()
    const before = dataPlanePid()
    const saved = savedParts()
    const asked: number[] = []
    const answer = await client.hashStream({
      name: 'w.bin',
      shardSize: MIB,
      read: async function* (offset) {
        asked.push(offset)
        for (let at = offset; at < BYTES.length; at += MIB) {
          yield BYTES.subarray(at, at + MIB)
          if (asked.length > 1 || at < 5 * MIB) continue
          await eventually(() => expect(savedParts()).toBeGreaterThanOrEqual(saved + 5))
          process.kill(before, 'SIGKILL')
          await eventually(() => expect(dataPlanePid()).not.toBe(before))
        }
      },
    })
    expect(asked[0]).toBe(0)
    expect(asked.at(-1)).toBeGreaterThanOrEqual(5 * MIB)
    expect(dataPlanePid()).not.toBe(before)
    expect(answer.digest).toBeUndefined()
    expect(answer.shards.map((part) => part.digest.toHex())).toEqual(
      Array.from({ length: 10 }, (_, at) => digest('sha256', BYTES.subarray(at * MIB, (at + 1) * MIB))),
    )
  })

  it('is answered again when its answer was lost', async () => {
    await using client = hashing()
    const input = { name: 'w.bin', streamId: 'twice', shardSize: 4 * MIB, read: bytesFrom(BYTES) }
    const [first, second] = [
      await client.hashStream(input),
      await client.hashStream({ ...input, read: (offset) => (expect(offset).toBe(BYTES.length), []) }),
    ]
    expect(second.shards).toEqual(first.shards)
  })

  it('is refused where its bytes are not the ones that were said', async () => {
    await using client = hashing()
    const stream = (input: Partial<HashStreamInput>) => client.hashStream({ name: 'w.bin', read: bytesFrom(BYTES), ...input })
    await expect(stream({ size: 10 })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(stream({ size: BYTES.length + 1 })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(stream({ name: '' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(stream({ shardSize: 1 })).rejects.toMatchObject({ code: 'INPUT_TOO_LARGE' })
    await expect(stream({ streamId: 'sp ace' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(stream({ read: () => [Buffer.alloc(17 * MIB)] })).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    expect((await stream({})).digest?.toHex()).toBe(digest('sha256', BYTES))
  })
})

describe('steps in a wrong order', () => {
  const OPEN = { open: { streamId: 'order', name: 'w.bin' } }
  const chunk = (offset: number, data = Buffer.from('abc')) => ({ chunk: { offset: String(offset), data } })
  const protos = loadProtos()
  const errors = errorTranslator()

  function send(steps: readonly HashStreamRequestInit[]): Promise<SealstoneError | undefined> {
    const client = new protos.HashService(`unix:${join(home.home, 'hash.sock')}`, credentials.createInsecure())
    return new Promise((resolve) => {
      const call = client.hashStream((error) => {
        client.close()
        resolve(error === null ? undefined : errors.decode(error))
      })
      for (const step of steps) call.write(step)
      call.end()
    })
  }

  it.each<[string, HashStreamRequestInit[], string, string]>([
    ['a chunk before open', [chunk(0)], 'INPUT_INVALID', 'not open'],
    ['two opens', [OPEN, OPEN], 'INPUT_INVALID', 'open already'],
    ['a gap', [OPEN, chunk(0), chunk(4)], 'STREAM_OFFSET', 'begin at 4, want 3'],
    ['bytes once more', [OPEN, chunk(2)], 'STREAM_OFFSET', 'begin at 2, want 3'],
    ['an end without close', [OPEN], 'INPUT_INVALID', 'ended after 3 bytes without a close'],
    ['a close of another size', [OPEN, { close: { size: '4' } }], 'INPUT_INVALID', 'close.size is 4, but 3 bytes came'],
    ['a chunk after close', [OPEN, { close: { size: '3' } }, chunk(3)], 'INPUT_INVALID', 'after close'],
    ['two closes', [OPEN, { close: { size: '3' } }, { close: { size: '3' } }], 'INPUT_INVALID', 'close came twice'],
    ['nothing', [], 'INPUT_INVALID', 'not open'],
    ['a message without a step', [{}], 'INPUT_INVALID', 'no step'],
    ['other settings', [{ open: { ...OPEN.open, name: 'x.bin' } }], 'STREAM_CONFLICT', 'other settings'],
    ['shards_only without shards', [{ open: { streamId: 'n', name: 'x', shardsOnly: true } }], 'INPUT_INVALID', 'shards_only'],
    ['shards of no bytes', [{ open: { streamId: 'n', name: 'x', shardSize: '0' } }], 'INPUT_INVALID', 'shard_size'],
  ])('is told: %s', async (_, steps, code, text) => {
    expect(await send(steps)).toMatchObject({ code, message: expect.stringContaining(text) })
  })

  it('tells where to go on, and takes it from there', async () => {
    expect((await send([OPEN, chunk(7)]))?.details).toEqual({ offset: '3' })
    expect(await send([OPEN, chunk(3), { close: { size: '6' } }])).toBeUndefined()
  })
})

describe("Python's grpcio", () => {
  const python = join(PROJECT, '.cache/model-signing-1.1.1/bin/python')
  const stream = async (chunkBytes: number, file = join(root, 'store/model/layers/a.bin'), ...args: string[]): Promise<string> => {
    const script = join(PROJECT, 'test/support/hash_stream.py')
    const { stdout } = await promisify(execFile)(python, [
      script,
      join(home.home, 'hash.sock'),
      file,
      `w-${chunkBytes}.bin`,
      String(chunkBytes),
      ...args,
    ])
    return stdout.trim()
  }

  it.each([1000, 65_536, 4 * MIB])('streams in chunks of %i bytes, fields in another order', async (chunkBytes) => {
    expect(await stream(chunkBytes)).toBe(`OK ${digest('sha256', BYTES)}`)
  })

  it('is told that compressed messages are not taken', async () => {
    const zeros = join(root, 'zeros.bin') // what would not get smaller is sent as it is
    writeFileSync(zeros, Buffer.alloc(MIB))
    expect(await stream(MIB, zeros, 'gzip')).toBe('UNIMPLEMENTED compressed messages are not taken')
  })
})

describe('a path', () => {
  it('has the manifest that the command makes of it', async () => {
    await using client = hashing()
    const { manifest, hashTickets } = await client.hashPath({ path: join(root, 'store/model'), shardSize: 4 * MIB })
    const { stdout } = await runOk(['hash', join(root, 'store/model'), '--shard-size', String(4 * MIB), '--json'], home)
    const { files } = JSON.parse(stdout) as { files: { name: string; digest: string; size: number }[] }
    expect(manifest.resources.map(({ name, digest: part, size }) => ({ name, digest: `sha256:${part.toHex()}`, size }))).toEqual(files)
    expect(Object.keys(hashTickets).sort()).toEqual(['config.json', 'layers/a.bin'])
  })

  it('of a large file is hashed with BLAKE3 by the addon, in the process that may read little else', async () => {
    const large = randomBytes(17 * MIB)
    mkdirSync(join(root, 'store/large'))
    writeFileSync(join(root, 'store/large/weights.bin'), large)
    await using client = hashing()
    const { manifest } = await client.hashPath({ path: join(root, 'store/large'), hashType: 'blake3' })
    const want = execFileSync('b3sum', ['--no-names'], { input: large, encoding: 'utf8' }).trim()
    expect(manifest.resources.map(({ digest: part }) => part.toHex())).toEqual([want])
    expect(readFileSync(`/proc/${dataPlanePid()}/maps`, 'utf8')).toContain('hash-addon.node')
  })

  it.each([
    ['outside', '/etc', 'PERMISSION_DENIED'],
    ['beside a root whose name it begins with', 'store-2', 'PERMISSION_DENIED'],
    ['with ..', 'store/../secret', 'PATH_INVALID'],
    ['that is not absolute', './store', 'PATH_INVALID'],
    ['with a slash at its end', 'store/model/', 'PATH_INVALID'],
    ['that is not there', 'store/nothing', 'FILE_UNREADABLE'],
    ['over a link', 'store/way-out/secret', 'PERMISSION_DENIED'],
    ['that is a link', 'store/way-out', 'PERMISSION_DENIED'],
    ['over a link to what is not there', 'store/way-out/nothing', 'PERMISSION_DENIED'],
  ])('%s is refused', async (_, path, code) => {
    mkdirSync(join(root, 'secret'), { recursive: true })
    writeFileSync(join(root, 'secret/secret'), 'secret')
    symlinkOnce(join(root, 'secret'), join(root, 'store/way-out'))
    await using client = hashing()
    const full = path.startsWith('/') || path.startsWith('.') ? path : `${root}/${path}`
    await expect(client.hashPath({ path: full })).rejects.toMatchObject({ code })
  })
})

describe('a ticket', () => {
  it('makes the log say who computed the digests', async () => {
    await using hash = hashing()
    await using client = signing()
    const { manifest, hashTickets } = await hash.hashPath({ path: join(root, 'store/model') })
    const sourceOf = async (tickets: Record<string, Uint8Array>): Promise<unknown> => {
      const { receipt } = await client.sign({ content: { kind: 'manifest', manifest }, hashTickets: tickets })
      return (JSON.parse(Buffer.from(receipt.leaf).toString()) as Record<string, unknown>)['digestSource']
    }
    expect(await sourceOf(hashTickets)).toBe('daemon')
    expect(await sourceOf({})).toBe('caller')
    expect(await sourceOf({ 'config.json': hashTickets['config.json'] as Uint8Array })).toBe('mixed')
  })

  it('is judged for each request of a batch, and for shards', async () => {
    await using hash = hashing()
    await using client = signing()
    const { manifest, hashTickets } = await hash.hashPath({ path: join(root, 'store/model'), shardSize: MIB })
    const content = { kind: 'manifest' as const, manifest }
    const wrong = { ...hashTickets, 'config.json': hashTickets['layers/a.bin'] ?? new Uint8Array() }
    const results = await client.signBatch([{ content, hashTickets }, { content }, { content, hashTickets: wrong }])
    const told = results.map((result) => {
      if (!result.ok) return result.error.code
      return (JSON.parse(Buffer.from(result.answer.receipt.leaf).toString()) as Record<string, unknown>)['digestSource']
    })
    expect(told).toEqual(['daemon', 'caller', 'TICKET_INVALID'])
  })

  it('of a stream goes with the file that was streamed, and with no other', async () => {
    await using hash = hashing()
    await using client = signing()
    const { manifest } = await hash.hashPath({ path: join(root, 'store/model/layers') })
    const { ticket } = await hash.hashStream({ name: 'a.bin', read: bytesFrom(BYTES) })
    const sign = (tickets: Record<string, Uint8Array>) => client.sign({ content: { kind: 'manifest', manifest }, hashTickets: tickets })
    await sign({ 'a.bin': ticket })
    const other = await hash.hashStream({ name: 'a.bin', read: bytesFrom(BYTES.subarray(1)) })
    await expect(sign({ 'a.bin': other.ticket })).rejects.toMatchObject({ code: 'TICKET_INVALID' })
    await expect(sign({ 'a.bin': ticket.with(40, (ticket[40] ?? 0) ^ 1) })).rejects.toMatchObject({ code: 'TICKET_INVALID' })
    await expect(sign({ 'b.bin': ticket })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  it('is what a rule can demand; a refusal is in the log', async () => {
    const config = join(home.home, 'config.toml')
    const text = readFileSync(config, 'utf8')
    writeFileSync(
      config,
      text.replace(
        'identity = "local"\noperations = ["*"]',
        'identity = "local"\ndigests = "daemon"\noperations = ["sign", "audit.read", "hash.path"]',
      ),
    )
    await daemon.stop()
    daemon = await startDaemon(home.home)
    await using hash = hashing()
    await using client = signing()
    const { manifest, hashTickets } = await hash.hashPath({ path: join(root, 'store/model') })
    const content = { kind: 'manifest' as const, manifest }
    await client.sign({ content, hashTickets })
    await expect(client.sign({ content })).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('hash ticket') })
    await expect(hash.hashStream({ name: 'x', read: () => [] })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    const refused = await Array.fromAsync(client.listEntries({ kind: 'refused' }))
    expect(refused.map(({ leaf }) => leaf.operation)).toEqual(['sign', 'hash.stream'])
    writeFileSync(config, text)
  })
})

function symlinkOnce(target: string, path: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
