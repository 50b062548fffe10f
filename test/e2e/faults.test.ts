/** Bad input and faults, through the real command line and a real daemon: a clear error, the right exit code, nothing half written. */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sparseFile, tinyModel, writeModel } from '../support/models.ts'
import { initHome, run, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { runOnSmallDisk } from '../support/small-disk.ts'

describe('signing refuses', () => {
  let home: Awaited<ReturnType<typeof initHome>>
  let daemon: RunningDaemon
  beforeAll(async () => {
    home = await initHome()
    daemon = await startDaemon(home.home)
  })
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]()
    home[Symbol.dispose]()
  })

  it('an unknown key, and names the nearest', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'm'))
    const result = await run(['sign', model, '--key', 'defautl'], home)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/error: .*defautl/)
    expect(result.stderr).toMatch(/hint: .*default/)
    expectNothingWritten(model)
  })

  it('an empty model', async () => {
    using folder = temporaryFolder()
    const result = await run(['sign', folder.path], home)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/error: .*(no files|empty)/)
    expectNothingWritten(folder.path)
  })

  it('a symbolic link, and names it', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'm'))
    symlinkSync('config.json', join(model, 'link.json'))
    const result = await run(['sign', model], home)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/link\.json/)
    expectNothingWritten(model)
  })

  it('an unreadable file, and names it', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'm'))
    chmodSync(join(model, 'config.json'), 0)
    const result = await run(['sign', model], { ...home, unprivileged: true })
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/^error: .*config\.json.* cannot be read \(EACCES\)\nhint: /)
    expectNothingWritten(model)
  })

  it('a file that is not UTF-8 by name', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'm'))
    writeFileSync(Buffer.concat([Buffer.from(`${model}/bad-`), Buffer.from([0xff])]), 'x')
    const result = await run(['sign', model], home)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/UTF-8/)
    expectNothingWritten(model)
  })

  it('a file that changes while it is hashed, and names it', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'm'))
    const large = join(model, 'large.bin')
    sparseFile(large, 2 ** 40) // which takes minutes to read: when the first bytes of it are told, most are still to come
    const shrink = ({ stderr }: ChildProcess): void => {
      let text = ''
      stderr?.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (/"bytesDone":[1-9]/.test(text)) truncateSync(large, 3)
      })
    }
    const result = await run(['sign', model, '--progress', 'json'], { ...home, onStart: shrink })
    expect(statSync(large).size).toBe(3)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/large\.bin.*changed|changed.*large\.bin/)
    expectNothingWritten(model)
  })

  it('to write half of its output: a read-only folder leaves nothing behind', async () => {
    using folder = temporaryFolder()
    const model = tinyModel(join(folder.path, 'm'))
    execFileSync('mkdir', [join(model, 'model.sig')])
    const result = await run(['sign', model], home)
    expect(result.code).toBe(2)
    expect(existsSync(join(model, 'model.hybrid.sig'))).toBe(false)
  })
})

describe('the daemon refuses to start', () => {
  it('without a state directory', async () => {
    using folder = temporaryFolder()
    const result = await run(['serve'], { home: join(folder.path, 'none') })
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/hint: run: sealstone init/)
  })

  it('with a wrong PIN, and never sends that PIN twice', async () => {
    using home = await initHome()
    const pinFile = join(home.home, 'secrets/user.pin')
    const right = readFileSync(pinFile)
    writeFileSync(pinFile, 'not-the-pin-1234')
    const first = await run(['serve'], home)
    expect(first.code).toBe(3)
    expect(first.stderr).toMatch(/PIN/)
    expect(first.stderr).not.toContain('not-the-pin-1234')
    const second = await run(['serve'], home)
    expect(second.code).toBe(3)
    expect(second.stderr).toMatch(/refused before|not sent again|not be sent again/)
    writeFileSync(pinFile, right)
    const daemon = await startDaemon(home.home)
    expect(await daemon.stop()).toBe(0)
  })

  it('without its token', async () => {
    using home = await initHome()
    renameSync(join(home.home, 'token'), join(home.home, 'token-away'))
    execFileSync('mkdir', ['-m', '700', join(home.home, 'token')])
    const result = await run(['serve'], home)
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/error: .*token/)
    rmSync(join(home.home, 'token'), { recursive: true })
    renameSync(join(home.home, 'token-away'), join(home.home, 'token'))
    const daemon = await startDaemon(home.home)
    expect(await daemon.stop()).toBe(0)
  })

  it('with an unknown setting, and names the nearest', async () => {
    using home = await initHome()
    appendFileSync(join(home.home, 'config.toml'), '\n[serv]\ndrain_secnds = 3\n')
    const result = await run(['serve'], home)
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/error: unknown setting "serv.drain_secnds"/)
    expect(result.stderr).toMatch(/did you mean serve\.drain_seconds/)
  })

  it('on an open state directory', async () => {
    using home = await initHome()
    execFileSync('chmod', ['755', home.home])
    const result = await run(['serve'], home)
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/0755, want 0700/)
  })
})

it('a full disk under the log refuses the signature, and the daemon lives and signs again when there is space', () => {
  const report = runOnSmallDisk(new URL('full-disk-walk.ts', import.meta.url), 16)
  expect(report).toMatchObject({ refused: { code: 3, stdout: '' }, signedAgain: 0, verified: 0, stopped: 0, open: [] })
  expect(report['counted']).toBeGreaterThan(0)
  expect((report['refused'] as { stderr: string }).stderr).toMatch(/^error: .*(audit log|disk|full).*\nhint: free disk space/)
})

describe('verification refuses', () => {
  it.each([
    ['an empty signature', ''],
    ['a cut signature', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verif'],
    ['a deeply nested signature', '['.repeat(100_000)],
    ['a signature with a name twice', '{"mediaType":"a","mediaType":"b"}'],
  ])('%s with a clear error and exit 1 or 2', async (_rule, text) => {
    using folder = temporaryFolder()
    using home = await initHome()
    const model = writeModel(join(folder.path, 'm'), { 'a.bin': 'a', 'model.sig': text, 'model.hybrid.sig': text })
    const result = await run(['verify', model], home)
    expect([1, 2]).toContain(result.code)
    expect(result.stderr + result.stdout).not.toMatch(/at .*\.ts:\d+|undefined/)
  })

  it('a model without any signature, and says how to make one', async () => {
    using folder = temporaryFolder()
    using home = await initHome()
    const result = await run(['verify', tinyModel(join(folder.path, 'm'))], home)
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/error: .*signature/)
  })
})

function expectNothingWritten(model: string): void {
  const left = execFileSync('find', [model, '-name', '*.sig*', '-o', '-name', '*.tmp*']).toString()
  expect(left).toBe('')
}
