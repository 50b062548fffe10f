/** Exports of a real log: whole, in parts, followed, gone on with after a kill, and never onto another log's. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect } from '#client'
import { fromHex, utf8Text } from '#core'
import { encodeLeaf, leafHash, parseLeaf } from '#tlog'
import { manifestOf } from '../support/signing.ts'
import { initHome, LAUNCHER, run, type RunningDaemon, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let client: Client

const sign = () => client.sign({ content: { kind: 'manifest', manifest: manifestOf(['a.bin'], 'bert\u202e') } })

beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
  client = connect({ address: `unix:${daemon.socket}` })
  for (let count = 0; count < 5; count++) await sign()
})
afterAll(async () => {
  await client.close()
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

interface JsonLine {
  readonly index: number
  readonly leafHash: string
  readonly leaf: object
}
const linesOf = (text: string): JsonLine[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JsonLine)

describe('audit export', () => {
  it('writes every entry, with a hash that anybody can compute again', async () => {
    const { size } = await client.getCheckpoint()
    const { stdout } = await runOk(['audit', 'export'], home)
    const lines = linesOf(stdout)
    expect(lines.map(({ index }) => index).slice(0, Number(size))).toEqual([...Array(Number(size)).keys()])
    for (const { leafHash: hash, leaf } of lines) {
      // RFC 8785: the leaf is what its members say in canonical form.
      const bytes = encodeLeaf(parseLeaf(encodeLeaf(leaf as never)))
      expect(leafHash(bytes)).toEqual(fromHex(hash))
    }
    expect(stdout).not.toContain('\u202e')
    const part = await runOk(['audit', 'export', '--from', '3', '--to', '6'], home)
    expect(linesOf(part.stdout)).toEqual(lines.slice(3, 6))
  })

  it('as OCSF holds the leaf as it was hashed', async () => {
    const { stdout } = await runOk(['audit', 'export', '--format', 'ocsf', '--to', '4'], home)
    const events = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { raw_data: string; unmapped: { leaf_hash: string } })
    expect(events).toHaveLength(4)
    for (const { raw_data, unmapped } of events) expect(leafHash(new TextEncoder().encode(raw_data))).toEqual(fromHex(unmapped.leaf_hash))
  })

  it('goes on with a file, also after its end was cut off, and refuses it for another log', async () => {
    const path = join(folder.path, 'log.jsonl')
    await runOk(['audit', 'export', '-o', path, '--to', '5'], home)
    truncateSync(path, readFileSync(path).length - 10)
    await sign()
    const { stderr } = await runOk(['audit', 'export', '-o', path, '--resume'], home)
    expect(stderr).toMatch(/^wrote \d+ records to /)
    const lines = linesOf(readFileSync(path, 'utf8'))
    expect(lines.map(({ index }) => index)).toEqual([...Array(lines.length).keys()])
    const again = await runOk(['audit', 'export', '-o', path], { ...home, wantCode: 2 })
    expect(again.stderr).toContain('add --resume')

    using other = await initHome([])
    await using _second = await startDaemon(other.home)
    const copy = join(folder.path, 'copy.jsonl')
    copyFileSync(path, copy)
    const refused = await run(['audit', 'export', '-o', copy, '--resume'], other)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/is an export of another log/) })
    expect(readFileSync(copy)).toEqual(readFileSync(path))
  })

  it('from where the last one ended is empty while nothing is new', async () => {
    expect(await run(['audit', 'export', '--from', '2', '--to', '2'], home)).toMatchObject({ code: 0, stdout: '' })
  })

  it('followed into a file survives a kill: resumed, it has every record once', async () => {
    const path = join(folder.path, 'followed.jsonl')
    const first = follow(path)
    await expect.poll(() => countLines(path)).toBeGreaterThan(5)
    const gone = once(first, 'exit')
    first.kill('SIGKILL')
    await gone
    await sign()
    const second = follow(path)
    await sign()
    const { size } = await client.getCheckpoint()
    await expect.poll(() => countLines(path)).toBeGreaterThanOrEqual(Number(size))
    const ended = new Promise((resolve) => second.on('exit', resolve))
    second.kill('SIGINT')
    expect(await ended).toBe(130)
    const lines = linesOf(readFileSync(path, 'utf8'))
    expect(lines.map(({ index }) => index)).toEqual([...Array(lines.length).keys()])
  })

  it.each([
    [['--resume'], '--resume goes on with a file, and -o names none'],
    [['--resume', '-o', 'x', '--from', '1'], '--resume and --from exclude each other'],
    [['--follow', '--to', '1'], '--follow and --to exclude each other'],
    [['--from', 'x'], 'index is "x"'],
    [['--from', '5', '--to', '3'], 'the export ends at entry 3, before it begins at 5'],
  ])('refuses %j', async (args, message) => {
    expect(await run(['audit', 'export', ...args], home)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
  })
})

function follow(path: string): ChildProcess {
  return spawn(LAUNCHER, ['audit', 'export', '--follow', '--resume', '-o', path], {
    env: { ...process.env, SEALSTONE_HOME: home.home },
    stdio: 'ignore',
  })
}

function countLines(path: string): number {
  try {
    return utf8Text(readFileSync(path)).split('\n').length - 1
  } catch {
    return 0 // not made yet
  }
}
