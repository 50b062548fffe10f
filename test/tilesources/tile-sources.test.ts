/** A published log is read from a directory and from a server, and whatever they do, reading ends and stays small. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { utf8 } from '#core'
import { openTileSource } from '#tilesources'
import { decodeEntryBundle, leafHash, readEntryBundle, type TileName, withTileNodes } from '#tlog'
import { temporaryFolder } from '../support/temporary.ts'
import { ENTRIES, logFiles, serveFiles, serveWith, writeFiles } from './support.ts'

const TILE: TileName = { kind: 'hashes', level: 0, number: 0n, width: 256 }
const FAST = { attempts: 2, timeoutMs: 60_000 }

async function inDirectory(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const folder = temporaryFolder()
  writeFiles(folder, files)
  return folder
}

describe.each([
  ['a directory', inDirectory],
  ['a server', serveFiles],
])('a log in %s', (_, publish) => {
  it('is read: checkpoint, tiles, entry bundles, nodes', async () => {
    const source = openTileSource(await publish(logFiles()))
    expect(await source.checkpoint()).toBe('log.example\n300\n')
    expect((await source.tile(TILE)).length).toBe(8192)
    const { entries } = await readEntryBundle(source, 300n, 1n)
    expect(entries).toEqual(ENTRIES.slice(256))
    expect(await withTileNodes(source, 300n, (node) => node(0, 299n))).toEqual(leafHash(ENTRIES[299] as Uint8Array))
  })

  it('has the full tile in place of a partial one that was deleted, cut to its width', async () => {
    const source = openTileSource(await publish(logFiles()))
    const hashes = await source.tile({ ...TILE, width: 7 })
    expect(hashes).toEqual((await source.tile(TILE)).slice(0, 7 * 32))
    const bundle = await source.tile({ kind: 'entries', number: 0n, width: 200 })
    expect(decodeEntryBundle(bundle, 200)).toEqual(ENTRIES.slice(0, 200))
  })

  it('is told to lack a tile, by its path', async () => {
    const source = openTileSource(await publish(logFiles()))
    await expect(source.tile({ ...TILE, number: 1234n })).rejects.toMatchObject({
      code: 'TILE_MISSING',
      message: expect.stringContaining('tile/0/x001/234'),
    })
  })

  it('without a checkpoint is none', async () => {
    const files = logFiles()
    files.delete('checkpoint')
    await expect(openTileSource(await publish(files)).checkpoint()).rejects.toMatchObject({ code: 'LOG_UNREACHABLE' })
  })

  it('is not read beyond what a part may weigh', async () => {
    const files = logFiles()
    files.set('checkpoint', new Uint8Array(512 * 1024 + 1).fill(0x61))
    files.set('tile/0/000', new Uint8Array(8193))
    files.set('tile/entries/000.p/1', new Uint8Array(65_538))
    const source = openTileSource(await publish(files))
    const tooLong = expect.objectContaining({ code: 'FORMAT_INVALID', message: expect.stringMatching(/is over \d+ bytes$/) })
    await expect(source.checkpoint()).rejects.toEqual(tooLong)
    await expect(source.tile(TILE)).rejects.toEqual(tooLong)
    await expect(source.tile({ kind: 'entries', number: 0n, width: 1 })).rejects.toEqual(tooLong)
  })

  it('whose checkpoint is no text is refused', async () => {
    const files = logFiles().set('checkpoint', Uint8Array.of(0xff, 0xfe))
    await expect(openTileSource(await publish(files)).checkpoint()).rejects.toMatchObject({ code: 'FORMAT_INVALID' })
  })
})

describe('a directory', () => {
  it('may be reached by a link, and may hold links that stay in it', async () => {
    const folder = temporaryFolder()
    writeFiles(join(folder, 'log-1'), logFiles())
    symlinkSync('log-1', join(folder, 'current'))
    rmSync(join(folder, 'log-1/checkpoint'))
    writeFileSync(join(folder, 'log-1/checkpoint-300'), 'of 300')
    symlinkSync('checkpoint-300', join(folder, 'log-1/checkpoint'))
    expect(await openTileSource(join(folder, 'current')).checkpoint()).toBe('of 300')
  })

  it('is not left by a link in it', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'outside'), 'secret')
    mkdirSync(join(folder, 'log'))
    symlinkSync('../outside', join(folder, 'log/checkpoint'))
    await expect(openTileSource(join(folder, 'log')).checkpoint()).rejects.toMatchObject({
      code: 'LOG_UNREACHABLE',
      message: expect.stringMatching(/leads out/),
    })
  })

  it('with a named pipe or a directory in the place of a file does not hold the reader', async () => {
    const folder = temporaryFolder()
    execFileSync('mkfifo', [join(folder, 'checkpoint')])
    mkdirSync(join(folder, 'tile/0/000'), { recursive: true })
    const source = openTileSource(folder)
    await expect(source.checkpoint()).rejects.toMatchObject({ code: 'FORMAT_INVALID' })
    await expect(source.tile(TILE)).rejects.toMatchObject({ code: 'FORMAT_INVALID' })
  })

  it('that is not there is told', async () => {
    await expect(openTileSource('/nonexistent/log').checkpoint()).rejects.toMatchObject({ code: 'LOG_UNREACHABLE' })
  })
})

describe('a server', () => {
  it('may serve the log below a path, with or without the last slash', async () => {
    const address = await serveFiles(logFiles(), '/logs/one/')
    expect(await openTileSource(`${address}logs/one`).checkpoint()).toBe('log.example\n300\n')
    expect(await openTileSource(`${address}logs/one/`).checkpoint()).toBe('log.example\n300\n')
  })

  it('is asked again while it fails, and only so often', async () => {
    let asked = 0
    const address = await serveWith((_, response) => response.writeHead(++asked < 2 ? 503 : 200).end('there'))
    expect(await openTileSource(address, FAST).checkpoint()).toBe('there')
    asked = Number.NEGATIVE_INFINITY
    await expect(openTileSource(address, FAST).checkpoint()).rejects.toMatchObject({
      code: 'LOG_UNREACHABLE',
      message: expect.stringMatching(/answered 503/),
    })
  })

  it('that cuts the connection, or is not there, is told', async () => {
    const cutting = await serveWith((request) => request.socket.destroy())
    await expect(openTileSource(cutting, FAST).checkpoint()).rejects.toMatchObject({ code: 'LOG_UNREACHABLE' })
    await expect(openTileSource('http://127.0.0.1:1', FAST).checkpoint()).rejects.toMatchObject({
      code: 'LOG_UNREACHABLE',
      message: expect.stringMatching(/ECONNREFUSED|bad port/),
    })
  })

  it('that never ends its answer is left when the time is up', async () => {
    const address = await serveWith((_, response) => {
      response.writeHead(200).write('a')
      const drip = setInterval(() => response.write('a'), 20)
      response.on('close', () => clearInterval(drip))
    })
    await expect(openTileSource(address, { timeoutMs: 300 }).checkpoint()).rejects.toMatchObject({ code: 'LOG_UNREACHABLE' })
  })

  it('is left at once when the caller gives up', async () => {
    const address = await serveWith(() => {})
    const controller = new AbortController()
    const reading = openTileSource(address, { signal: controller.signal }).checkpoint()
    setTimeout(() => controller.abort(), 20)
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('may lead on, but not for ever, and not to another kind of address', async () => {
    const address = await serveWith((request, response) => {
      if (request.url === '/checkpoint') response.writeHead(302, { location: '/moved' }).end()
      else if (request.url === '/tile/0/000') response.writeHead(302, { location: '/tile/0/000' }).end()
      else if (request.url === '/tile/0/001') response.writeHead(302, { location: 'file:///etc/hostname' }).end()
      else response.writeHead(200).end('moved here')
    })
    const source = openTileSource(address, FAST)
    expect(await source.checkpoint()).toBe('moved here')
    await expect(source.tile(TILE)).rejects.toMatchObject({ code: 'FORMAT_INVALID', message: expect.stringMatching(/more than 5 times/) })
    await expect(source.tile({ ...TILE, number: 1n })).rejects.toMatchObject({
      code: 'FORMAT_INVALID',
      message: expect.stringMatching(/another kind/),
    })
  })

  it('may compress, and what comes out is counted', async () => {
    const address = await serveWith((request, response) => {
      const body = request.url === '/checkpoint' ? utf8('small') : new Uint8Array(64 * 1024 * 1024)
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body))
    })
    const source = openTileSource(address, FAST)
    expect(await source.checkpoint()).toBe('small')
    await expect(source.tile(TILE)).rejects.toMatchObject({ code: 'FORMAT_INVALID', message: expect.stringMatching(/over 8192 bytes/) })
  })
})

describe('the place of a log', () => {
  it.each(['ftp://log.example', 'https://', 'https://user:secret@log.example', 'https://log.example?token=1', 'https://log.example#x'])(
    'is not %s',
    (place) => {
      expect(() => openTileSource(place)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
    },
  )
})
