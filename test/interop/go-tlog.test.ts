/** The published log as foreign programs read it: the tlog package behind Go's module checksums, and torchwood's client (test/support/go-tlog). */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseTiles } from '#audit'
import { type HttpListener, openHttpListener } from '#listeners'
import { logHandler, publishLog } from '#publish'
import { encodeVerifierKey } from '#tlog'
import { type OpenLog, openLog } from '../audit/support.ts'
import { grow } from '../publish/support.ts'
import { buildGo } from '../support/go.ts'
import { softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/sealstone.ts'

const LOG = softwareLog('log.example/foreign')
const VKEY = encodeVerifierKey(LOG.keys[0])
const OLDER = [1, 2, 100, 255, 256, 257, 512, 700]
const SIZE = 1000 // three full tiles, and 232 entries at the edge
const folder = temporaryFolder()
const directory = join(folder.path, 'public')
let go: string
let log: OpenLog
let server: HttpListener
let older: string[]

interface Reading {
  readonly size: number
  readonly digest: string
  readonly consistent: number
}

// Not synchronously: the server that is read runs in this process.
const runFile = promisify(execFile)
const read = async (place: string, checkpoints: readonly string[] = older, vkey = VKEY): Promise<Reading> =>
  JSON.parse((await runFile(go, [vkey, place, ...checkpoints])).stdout) as Reading

/** A copy of the published directory in which one file is another. */
function changed(path: string, change: (bytes: Buffer) => Uint8Array): string {
  const copy = join(folder.path, `changed-${path.replaceAll('/', '-')}`)
  cpSync(directory, copy, { recursive: true })
  writeFileSync(join(copy, path), change(readFileSync(join(copy, path))))
  return copy
}

function flip(bytes: Buffer): Uint8Array {
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

beforeAll(async () => {
  go = buildGo('go-tlog')
  log = await openLog(folder.path, LOG)
  const source = databaseTiles(log.db)
  older = []
  let size = 1
  for (const next of [...OLDER, SIZE]) {
    if (next > size) await grow(log, next - size)
    size = next
    await publishLog({ source, directory })
    if (next === SIZE) break
    older.push(join(folder.path, `checkpoint-${next}`))
    writeFileSync(older.at(-1) as string, await source.checkpoint())
  }
  server = await openHttpListener(
    { host: '127.0.0.1', port: 0, setting: 'audit.listen', connections: 256 },
    logHandler(source, { onAnswer() {}, onFailure: (error) => expect.unreachable(String(error)) }),
  )
})
afterAll(async () => {
  await server.close()
  await log[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

describe('readers in Go', () => {
  it.each([
    ['the server', () => server.origin],
    ['the directory', () => directory],
  ])('verify checkpoint, every entry and every older checkpoint of %s', async (_, place) => {
    const all = createHash('sha256')
    for (const { bytes } of log.audit.entries()) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      all.update(length).update(bytes)
    }
    expect(await read(place())).toEqual({ size: SIZE, digest: all.digest('hex'), consistent: OLDER.length })
  })

  it('read a directory whose older partial tiles are gone', async () => {
    const copy = join(folder.path, 'tidied')
    cpSync(directory, copy, { recursive: true })
    for (const path of ['tile/0/000.p', 'tile/entries/000.p', 'tile/0/002.p', 'tile/entries/002.p']) rmSync(join(copy, path), { recursive: true })
    expect((await read(copy)).size).toBe(SIZE)
  })

  it.each([
    ['a full tile', 'tile/0/001', /tlog: /],
    ['the partial tile at the edge', 'tile/0/003.p/232', /tlog: /],
    ['a tile of the second level', 'tile/1/000.p/3', /tlog: /],
    ['an entry bundle', 'tile/entries/001', /entry \d+: /],
    ['the entry bundle at the edge', 'tile/entries/003.p/232', /entry \d+: /],
  ])('refuse %s that was changed', async (_, path, reason) => {
    await expect(read(changed(path, flip))).rejects.toThrow(reason)
  })

  it('refuse a checkpoint that was changed, or is by another key', async () => {
    const other = changed('checkpoint', (bytes) => Buffer.from(bytes.toString().replace(`\n${SIZE}\n`, `\n${SIZE - 1}\n`)))
    await expect(read(other)).rejects.toThrow(/invalid signature|no verifiable signatures/)
    await expect(read(directory, [], encodeVerifierKey(softwareLog(LOG.origin).keys[0]))).rejects.toThrow(/no verifiable signatures/)
  })

  it('refuse a log that does not go on from an older checkpoint', async () => {
    const forked = join(folder.path, 'checkpoint-forked')
    writeFileSync(forked, LOG.signNow({ origin: LOG.origin, size: 256n, root: new Uint8Array(32).fill(7) }))
    await expect(read(server.origin, [forked])).rejects.toThrow(/checkpoint-forked: /)
  })
})
