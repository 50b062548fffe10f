/** `sealstone hash`, and how a command behaves when it is interrupted or nobody reads it. */
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run, temporaryFolder } from '../support/sealstone.ts'

const sha256 = (...parts: (string | Uint8Array)[]): string => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')

describe('hash', () => {
  it('prints one line per file in signing order, then the root digest', async () => {
    using folder = temporaryFolder()
    mkdirSync(join(folder.path, 'model/sub dir'), { recursive: true })
    writeFileSync(join(folder.path, 'model/sub dir/ä.bin'), 'one')
    writeFileSync(join(folder.path, 'model/b.bin'), 'two')
    writeFileSync(join(folder.path, 'model/model.sig'), 'not part of the model')
    const { code, stdout, stderr } = await run(['hash', 'model'], { cwd: folder.path })
    const digests = [sha256('two'), sha256('one')]
    const root = sha256(...digests.map((digest) => Uint8Array.fromHex(digest)))
    expect(stdout).toBe(`${digests[0]}  b.bin\n${digests[1]}  sub dir/ä.bin\n${root}  root digest (sha256) of model\n`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('says the same as JSON', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'w.bin'), 'abcdefghij')
    const { code, stdout } = await run(['hash', 'w.bin', '--shard-size', '4', '--json'], { cwd: folder.path })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'w.bin',
      root: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      algorithm: 'sha256',
      method: 'shards',
      shardSize: 4,
      totalBytes: 10,
      files: [
        { name: 'w.bin:0:4', digest: `sha256:${sha256('abcd')}`, size: 4 },
        { name: 'w.bin:4:8', digest: `sha256:${sha256('efgh')}`, size: 4 },
        { name: 'w.bin:8:10', digest: `sha256:${sha256('ij')}`, size: 2 },
      ],
    })
  })

  it('tells a program how far it is, on standard error', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'w.bin'), '')
    truncateSync(join(folder.path, 'w.bin'), 600_000_000)
    const { code, stdout, stderr } = await run(['hash', 'w.bin', '--progress', 'json', '--json'], { cwd: folder.path })
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as { totalBytes: number }).totalBytes).toBe(600_000_000)
    expect(events[0]).toMatchObject({ event: 'hashing', state: 'running', bytesTotal: 600_000_000, filesTotal: 1 })
    expect(events.at(-1)).toMatchObject({ event: 'hashing', state: 'done', bytesDone: 600_000_000, filesDone: 1, bytesPerSecond: expect.any(Number) })
  })

  it('leaves out what --ignore names, as often as it is given', async () => {
    using folder = temporaryFolder()
    for (const name of ['a', 'b', 'c']) writeFileSync(join(folder.path, name), name)
    const { stdout } = await run(['hash', '.', '--ignore', 'a', '--ignore', './c', '--json'], { cwd: folder.path })
    expect((JSON.parse(stdout) as { files: { name: string }[] }).files.map(({ name }) => name)).toEqual(['b'])
  })

  it('shows a name that holds escape sequences without obeying them', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'evil\u001b[2J\n.bin'), '')
    const { stdout } = await run(['hash', folder.path])
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain('evil\\u{1b}[2J\\u{a}.bin\n')
  })

  it.each([
    ['a missing model', 'gone', 'FILE_UNREADABLE'],
    ['an empty model', 'empty', 'MODEL_EMPTY'],
    ['a symbolic link', 'linked', 'MODEL_SYMLINK'],
  ])('refuses %s with exit code 2', async (_, model, code) => {
    using folder = temporaryFolder()
    mkdirSync(join(folder.path, 'empty'))
    mkdirSync(join(folder.path, 'linked'))
    symlinkSync('/etc/hostname', join(folder.path, 'linked/link'))
    const result = await run(['hash', model, '--json'], { cwd: folder.path })
    expect(result.code).toBe(2)
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code, hint: expect.stringMatching(/./) } })
    expect(result.stderr).toMatch(/^error: .*\nhint: .*\n$/)
  })
})

describe('a command that is not let finish', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends in the middle of a file by %s, with exit code %d', async (signal, expected) => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'large.bin'), '')
    truncateSync(join(folder.path, 'large.bin'), 2 ** 40) // sparse: no disk, many minutes of hashing
    let killedAt = 0
    const kill = (child: ChildProcess) => {
      child.stderr?.on('data', (progress: Buffer) => {
        if (killedAt > 0 || !/"bytesDone":[1-9]/.test(String(progress))) return
        killedAt = performance.now()
        child.kill(signal)
      })
    }
    const { code, stdout } = await run(['hash', 'large.bin', '--progress', 'json'], { cwd: folder.path, onStart: kill })
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' })
    expect(performance.now() - killedAt).toBeLessThan(20_000)
  })

  it('is quiet when the reader of its output goes away', async () => {
    using folder = temporaryFolder()
    for (let index = 0; index < 3000; index++) writeFileSync(join(folder.path, `${'long name '.repeat(8)}${index}`), '')
    const { code, stderr } = await run(['hash', folder.path], { onStart: (child) => child.stdout?.destroy() })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
