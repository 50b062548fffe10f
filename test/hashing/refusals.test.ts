/** What is not part of a model, or must not be: each is refused with its name. */
import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { LIMITS } from '#core'
import { DEFAULT_IGNORES, hashModel, type HashModelOptions, listModel } from '#hashing'
import { expectRefusal, modelOf, temporaryFolder, unprivileged } from './support.ts'

async function namesOf(...args: Parameters<typeof hashModel>): Promise<string[]> {
  return (await hashModel(...args)).resources.map(({ name }) => name)
}

it('refuses an empty model, unless the caller asks for the empty list', async () => {
  const root = modelOf({ 'model.sig': 'only a signature' })
  mkdirSync(join(root, 'empty-folder'))
  await expectRefusal(hashModel(root), 'MODEL_EMPTY', root)
  expect((await hashModel(root, { allowEmpty: true })).resources).toEqual([])
})

it('refuses a symbolic link wherever it is', async () => {
  const root = modelOf({ 'a.bin': 'a', 'd/b.bin': 'b' })
  symlinkSync('../a.bin', join(root, 'd/link'))
  await expectRefusal(hashModel(root), 'MODEL_SYMLINK', 'd/link is a symbolic link')
  const outside = join(temporaryFolder(), 'latest')
  symlinkSync(root, outside)
  await expectRefusal(hashModel(outside), 'MODEL_SYMLINK', 'latest is a symbolic link')
})

it('follows links to files when it may, never links to directories, never links to nothing', async () => {
  const root = modelOf({ 'a.bin': 'a' })
  symlinkSync('a.bin', join(root, 'link'))
  const manifest = await hashModel(root, { allowSymlinks: true })
  expect(manifest.serialization.allowSymlinks).toBe(true)
  expect(manifest.resources.map(({ name }) => name)).toEqual(['a.bin', 'link'])
  expect(manifest.resources[1]?.digest).toEqual(manifest.resources[0]?.digest)
  symlinkSync('.', join(root, 'loop'))
  await expectRefusal(hashModel(root, { allowSymlinks: true }), 'MODEL_SYMLINK', 'loop is a symbolic link to a directory')
  await expectRefusal(hashModel(root, { allowSymlinks: true, ignorePaths: ['loop', 'gone'], only: (name) => name === 'x' }), 'MODEL_EMPTY', root)
  symlinkSync('nowhere', join(root, 'gone'))
  await expectRefusal(hashModel(root, { allowSymlinks: true, ignorePaths: ['loop'] }), 'FILE_UNREADABLE', 'gone is not there')
})

it('refuses a named pipe, a socket and a device without waiting on them', async () => {
  const root = modelOf({ 'a.bin': 'a' })
  execFileSync('mkfifo', [join(root, 'pipe')])
  await expectRefusal(hashModel(root), 'MODEL_SPECIAL_FILE', 'pipe is a named pipe')
  const server = createServer().listen(join(root, 'a.sock'))
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  await expectRefusal(hashModel(root, { ignorePaths: ['pipe'] }), 'MODEL_SPECIAL_FILE', 'a.sock is a socket')
  await expectRefusal(hashModel('/dev/zero'), 'MODEL_SPECIAL_FILE', '/dev/zero is a device')
})

it('refuses a file or directory that it may not read', async () => {
  const root = modelOf({ 'open.bin': 'a', 'secret.bin': 's' })
  chmodSync(join(root, 'secret.bin'), 0)
  await unprivileged(root, () => expectRefusal(hashModel(root), 'FILE_UNREADABLE', 'secret.bin cannot be read (EACCES)'))
  chmodSync(join(root, 'secret.bin'), 0o644)
  mkdirSync(join(root, 'vault'), { mode: 0 })
  await unprivileged(root, () => expectRefusal(hashModel(root), 'FILE_UNREADABLE', 'vault/ cannot be read (EACCES)'))
  chmodSync(join(root, 'vault'), 0o700) // so that it can be removed
})

it.each<[string, HashModelOptions]>([
  ["the addon's", {}],
  ['worker', { method: 'shards', shardSize: 2_000_000 }],
])('refuses an unreadable file in %s threads as well', async (_, options) => {
  const root = modelOf({ 'large.bin': '', 'secret.bin': 's' })
  truncateSync(join(root, 'large.bin'), 300_000_000)
  truncateSync(join(root, 'secret.bin'), 5_000_000)
  chmodSync(join(root, 'secret.bin'), 0)
  await unprivileged(root, () => expectRefusal(hashModel(root, options), 'FILE_UNREADABLE', 'cannot be read (EACCES)'))
})

it('refuses a model that is not there', async () => {
  await expectRefusal(hashModel(join(temporaryFolder(), 'nothing')), 'FILE_UNREADABLE', 'nothing is not there')
})

it('refuses a name that is not valid UTF-8 and shows its bytes', async () => {
  const root = modelOf({ 'd/a.bin': 'a' })
  writeFileSync(Buffer.concat([Buffer.from(`${root}/d/`), Buffer.from([0x62, 0xff, 0xfe])]), 'b')
  await expectRefusal(hashModel(root), 'PATH_INVALID', 'hex 62fffe')
  const surrogate = modelOf({ 'a.bin': 'a' })
  writeFileSync(Buffer.concat([Buffer.from(`${surrogate}/`), Buffer.from([0xed, 0xa0, 0x80])]), 'lone surrogate as CESU-8')
  await expectRefusal(hashModel(surrogate), 'PATH_INVALID', 'hex eda080')
})

it('accepts a name that really holds the replacement character', async () => {
  expect(await namesOf(modelOf({ 'odd\ufffd.bin': 'x' }))).toEqual(['odd\ufffd.bin'])
})

it('refuses a path over the limit', async () => {
  const root = modelOf({ 'a.bin': 'a' })
  // Built from the inside out, since a path this long cannot be named at once.
  const part = 'p'.repeat(250)
  for (let depth = 0; depth < 17; depth++) {
    const wrapped = modelOf({})
    renameSync(root, join(wrapped, part))
    renameSync(wrapped, root)
  }
  await expectRefusal(hashModel(root), 'PATH_INVALID', 'path')
})

it('keeps control and right-to-left characters out of messages', async () => {
  const root = modelOf({ 'a.bin': 'a' })
  symlinkSync('a.bin', join(root, 'x\u001b[2J\n\u202egnp.bin'))
  const message = await hashModel(root).catch((error: Error) => error.message)
  expect(message).toBe(String.raw`"x\u001b[2J\n\u{202e}gnp.bin" is a symbolic link`)
})

it('leaves out version control and signatures at the top level, and only there', async () => {
  const files = Object.fromEntries(DEFAULT_IGNORES.flatMap((name) => [name, `sub/${name}`]).map((name) => [name, 'x']))
  const root = modelOf({ 'a.bin': 'a', ...files })
  expect(await namesOf(root)).toEqual(['a.bin', ...DEFAULT_IGNORES.map((name) => `sub/${name}`)])
  expect(await namesOf(root, { defaultIgnores: false, ignorePaths: ['sub', '.git'] })).toEqual([
    '.gitattributes',
    '.github',
    '.gitignore',
    'a.bin',
    'model.hybrid.sig',
    'model.sig',
  ])
})

it('leaves out what the caller names, with all below it, and records it', async () => {
  const root = modelOf({ 'a.bin': 'a', 'logs/1': 'x', 'logs/deep/2': 'x', 'logs2/3': 'x', 'd/logs/4': 'x', 'out.sig': 's' })
  symlinkSync('a.bin', join(root, 'logs/link'))
  const manifest = await hashModel(root, { ignorePaths: ['./logs/', 'd/logs/4', 'logs'], always: ['out.sig'] })
  expect(manifest.resources.map(({ name }) => name)).toEqual(['a.bin', 'logs2/3'])
  expect(manifest.serialization.ignorePaths).toEqual([...DEFAULT_IGNORES.slice(0, 4), 'd/logs/4', 'logs', 'model.hybrid.sig', 'model.sig', 'out.sig'])
})

it.each(['/etc/passwd', '../up', 'a/../b', '', '.', './', 'a//b', 'a\0b', '\ud800'])('refuses to ignore the path %j', async (path) => {
  await expectRefusal(hashModel(modelOf({ a: 'a' }), { ignorePaths: [path] }), 'PATH_INVALID', 'path to ignore')
})

it('looks only at the files asked for', async () => {
  const root = modelOf({ 'a.bin': 'a', 'b.bin': 'b' })
  symlinkSync('a.bin', join(root, 'link'))
  expect(await namesOf(root, { only: (name) => name === 'b.bin' })).toEqual(['b.bin'])
})

it('hashes 100,000 files and refuses one more', async () => {
  const root = modelOf({ 'f/0': 'content' })
  for (let index = 1; index < LIMITS.resources; index++) {
    if (index % 50_000 === 0) writeFileSync(join(root, `f/${index}`), 'content')
    else linkSync(join(root, `f/${index - (index % 50_000)}`), join(root, `f/${index}`))
  }
  const beats: number[] = []
  const timer = setInterval(() => beats.push(performance.now()), 20)
  const manifest = await hashModel(root)
  clearInterval(timer)
  expect(manifest.resources).toHaveLength(100_000)
  expect(beats.length).toBeGreaterThan(5) // the event loop went on
  writeFileSync(join(root, 'one-more'), '')
  await expectRefusal(listModel(root), 'INPUT_TOO_LARGE', 'over 100000 files')
})

it('refuses more than 100,000 shards before reading anything', async () => {
  const root = modelOf({ 'huge.bin': '' })
  truncateSync(join(root, 'huge.bin'), 2 ** 42)
  await expectRefusal(hashModel(root, { method: 'shards', shardSize: 1024 }), 'INPUT_TOO_LARGE', 'over 100000 shards')
})
