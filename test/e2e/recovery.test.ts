/** The token is lost: an installation comes back from its backup on another token, with the real command line and the real daemon. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const at = (...names: string[]): string => join(folder.path, ...names)
const identity = at('offline.txt')
const backup = at('backup')
const trust = at('trust.json')
/** The state directory of a verifier, who remembers what it has seen. */
const verifier = { home: at('verifier') }
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon | undefined
let before: string

beforeAll(async () => {
  execFileSync('age-keygen', ['-o', identity], { stdio: 'pipe' })
  const recipient = execFileSync('age-keygen', ['-y', identity], { encoding: 'utf8' }).trim()
  home = await initHome(['--recovery-recipient', recipient])
  daemon = await startDaemon(home.home)
  await runOk(['keys', 'create', 'token-only', '--not-recoverable'], home)
  await runOk(['keys', 'create', 'pure', '--suite', 'mldsa87'], home)
  await runOk(['keys', 'rotate', 'default'], home)
  before = tinyModel(at('before'))
  await runOk(['sign', before], home)
  await runOk(['sign', tinyModel(at('token-only-model')), '--key', 'token-only'], home)
})
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

const verify = (model: string) => run(['verify', model, '--trust', trust], verifier)
const exportTrust = (from: { home: string }) => runOk(['keys', 'export', '--trust', '-o', trust], from)
const copyOf = (name: string): string => {
  const copy = at(name)
  cpSync(backup, copy, { recursive: true })
  return copy
}

function replace(path: string, make: (path: string) => unknown): void {
  rmSync(path)
  make(path)
}

describe('a backup', () => {
  it('is written while clients sign, says what can be recovered, and is as sha256sum checks it', async () => {
    const signing = Array.from({ length: 6 }, (_, index) => runOk(['sign', tinyModel(at(`during-${index}`))], home))
    const { stdout } = await runOk(['keys', 'backup', backup, '--json'], home)
    await Promise.all(signing)
    expect(JSON.parse(stdout)).toMatchObject({
      folder: backup,
      recoverable: ['key default version 1', 'key default version 2', 'key pure version 1'],
      notRecoverable: ['key token-only version 1'],
    })
    execFileSync('sha256sum', ['-c', '--strict', '--quiet', 'SHA256SUMS'], { cwd: backup })
    expect(readdirSync(join(backup, 'recovery')).sort()).toEqual(
      [
        'default.companion.v1',
        'default.companion.v2',
        'default.v1',
        'default.v2',
        'log.ed25519.v1',
        'log.mldsa44.v1',
        'pure.companion.v1',
        'pure.v1',
      ].map((name) => `${name}.age`),
    )
    expect(readdirSync(join(home.home, 'backup'))).toEqual([])
  })

  it('holds no PIN, and no file that others can read', () => {
    const pin = readFileSync(join(home.home, 'secrets', 'user.pin'), 'utf8').trim()
    for (const name of readdirSync(backup, { recursive: true, encoding: 'utf8' })) {
      if (name === 'recovery') continue
      expect(readFileSync(join(backup, name)).includes(pin), name).toBe(false)
    }
    expect(execFileSync('find', [backup, '-perm', '/077'], { encoding: 'utf8' })).toBe('')
  })

  it('does not go over a folder that is there', async () => {
    expect(await run(['keys', 'backup', backup], home)).toMatchObject({ code: 2, stderr: expect.stringMatching(/is there already/) })
  })
})

describe('what is asked for too often', () => {
  it('is refused before it fills the disk', async () => {
    const waiting = Array.from({ length: 8 }, (_, index) => join(home.home, 'backup', `left-${index}`))
    for (const folderName of waiting) mkdirSync(folderName, { recursive: true })
    expect(await run(['keys', 'backup', at('one-more')], home)).toMatchObject({ code: 2, stderr: expect.stringMatching(/8 backups lie in/) })
    for (const folderName of waiting) rmSync(folderName, { recursive: true })
  })
})

describe('a restore', () => {
  it('into another token goes on with the same keys, log and name; who saw a later trust file sees no rollback', async () => {
    await runOk(['keys', 'create', 'after-the-backup'], home) // and is lost
    await exportTrust(home)
    expect((await verify(before)).code).toBe(0)
    await daemon?.[Symbol.asyncDispose]()
    daemon = undefined
    const restored = { home: at('restored') }
    const { stdout } = await runOk(['keys', 'restore', backup, '--identity', identity, '--json'], restored)
    expect(JSON.parse(stdout)).toMatchObject({
      sameToken: false,
      recovered: ['key default version 1', 'key default version 2', 'key pure version 1'],
      lost: ['key token-only version 1'],
    })
    rmSync(join(home.home, 'token'), { recursive: true }) // the fire

    await using _daemon = await startDaemon(restored.home)
    const after = tinyModel(at('after'))
    await runOk(['sign', after], restored)
    const pure = tinyModel(at('pure-model'))
    await runOk(['sign', pure, '--key', 'pure'], restored)
    expect((await run(['sign', tinyModel(at('none')), '--key', 'token-only'], restored)).stderr).toMatch(/key token-only version 1 is destroyed/)
    await exportTrust(restored)
    for (const model of [before, after, pure, at('token-only-model')]) expect(await verify(model), model).toMatchObject({ code: 0 })
    expect((await runOk(['doctor'], restored)).stdout).toMatch(/daemon/)

    const list = (await runOk(['audit', 'list', '--json'], restored)).stdout
    expect(list).toMatch(/"restore".*from a backup of .* with at least \d+ entries; later ones are lost/)
    const entries = list
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { index: number; operation: string; kind: string; result?: string; reason?: string })
    const first = entries.find(({ operation }) => operation === 'restore')
    const open = entries.filter(({ result }) => result === 'unknown')
    expect(open.map(({ operation, reason }) => `${operation}: ${reason}`)).toContain('keys.backup: its outcome came after the backup, if it came')
    for (const { index } of open) expect(index, 'nothing comes before it').toBeGreaterThan(Number(first?.index))
    expect(list).toMatch(/3 key versions sign again; lost: key token-only version 1/)
    // What is made from now on can be recovered again.
    await runOk(['keys', 'rotate', 'default'], restored)
    const again = JSON.parse((await runOk(['keys', 'backup', at('again'), '--json'], restored)).stdout) as { recoverable: string[] }
    expect(again.recoverable).toContain('key default version 3')
  })

  it('with the token that has the keys goes on with all of them', async () => {
    const another = await initHome()
    const elsewhere = { home: at('same-token') }
    {
      await using _daemon = await startDaemon(another.home)
      await runOk(['keys', 'backup', at('plain-backup')], another)
    }
    const { stdout } = await runOk(['keys', 'restore', at('plain-backup'), '--json'], elsewhere)
    expect(JSON.parse(stdout)).toMatchObject({ sameToken: true, recovered: ['key default version 1'], lost: [] })
    {
      await using _daemon = await startDaemon(elsewhere.home)
      const model = tinyModel(at('same-token-model'))
      await runOk(['sign', model], elsewhere)
      expect((await run(['verify', model, '--trust', join(elsewhere.home, 'trust.json')], { home: at('other-verifier') })).code).toBe(0)
    }
    another[Symbol.dispose]()
  })

  it('without the token or an identity says what is missing and leaves nothing', async () => {
    const empty = { home: at('refused') }
    const asked = await run(['keys', 'restore', at('plain-backup')], empty)
    expect(asked).toMatchObject({ code: 3 })
    const wrong = at('wrong.txt')
    execFileSync('age-keygen', ['-o', wrong], { stdio: 'pipe' })
    const refused = await run(['keys', 'restore', backup, '--identity', wrong], empty)
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/does not open with this identity[\s\S]*hint: name the identity of one of the recipients/),
    })
    expect(refused.stderr).not.toMatch(/AGE-SECRET-KEY/)
    const unrecoverable = await run(['keys', 'restore', at('plain-backup'), '--identity', identity], empty)
    expect(unrecoverable).toMatchObject({ code: 2, stderr: expect.stringMatching(/audit log's own keys have no recovery blobs/) })
    expect(existsSync(empty.home) ? readdirSync(empty.home) : []).toEqual([])
  })

  it.each<[what: string, spoil: (copy: string) => void, says: RegExp]>([
    ['a byte more in the configuration', (copy) => appendFileSync(join(copy, 'config.toml'), ' '), /config\.toml has the SHA-256/],
    [
      'another recovery blob',
      (copy) => cpSync(join(copy, 'recovery/default.v1.age'), join(copy, 'recovery/pure.v1.age')),
      /pure\.v1\.age has the SHA-256/,
    ],
    ['no database', (copy) => rmSync(join(copy, 'sealstone.db')), /sealstone\.db is missing/],
    ['a file that nobody named', (copy) => writeFileSync(join(copy, 'extra'), ''), /extra is not in SHA256SUMS/],
    ['no hash list', (copy) => rmSync(join(copy, 'SHA256SUMS')), /SHA256SUMS is missing/],
    [
      'a way out of the folder',
      (copy) => appendFileSync(join(copy, 'SHA256SUMS'), `${'0'.repeat(64)}  ../../etc/passwd\n`),
      /has a line that is none/,
    ],
    [
      'a link in place of the database',
      (copy) => replace(join(copy, 'sealstone.db'), (path) => symlinkSync('/etc/passwd', path)),
      /sealstone\.db is no regular file/,
    ],
    [
      'a pipe in place of the hash list',
      (copy) => replace(join(copy, 'SHA256SUMS'), (path) => execFileSync('mkfifo', [path])),
      /SHA256SUMS is no regular file/,
    ],
    ['an endless hash list', (copy) => replace(join(copy, 'SHA256SUMS'), (path) => symlinkSync('/dev/zero', path)), /SHA256SUMS is no regular file/],
    ['links that go round and round', (copy) => ['a', 'b'].forEach((name) => symlinkSync('.', join(copy, name))), /a is no regular file/],
    ['a folder too many', (copy) => mkdirSync(join(copy, 'empty')), /empty is no regular file/],
    ['a huge description', (copy) => truncateSync(join(copy, 'backup.json'), 3 * 2 ** 30), /backup\.json is 3221225472 bytes, want at most/],
  ])('of a backup with %s is refused, and leaves nothing', async (what, spoil, says) => {
    const copy = copyOf(`spoilt-${what.replaceAll(' ', '-')}`)
    spoil(copy)
    const empty = { home: at(`home-of-${what.replaceAll(' ', '-')}`) }
    expect(await run(['keys', 'restore', copy, '--identity', identity], empty)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(says),
    })
    expect(existsSync(empty.home)).toBe(false)
  })

  it('never goes over a state directory in use', async () => {
    expect(await run(['keys', 'restore', backup, '--identity', identity], { home: home.home })).toMatchObject({ code: 2 })
  })
})
