/** Old entries of a real daemon's log are moved into cold storage, and everything that reads the log finds them there. */
import { appendFileSync, chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from '#client'
import { manifestOf } from '../support/signing.ts'
import { initHome, run, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const SIGNATURES = 400 // two leaves each: three bundles and more, of which one may go
const folder = temporaryFolder()
const cold = join(folder.path, 'cold')
let home: Awaited<ReturnType<typeof initHome>>
const database = () => statSync(join(home.home, 'sealstone.db')).size
const archive = (...args: string[]) => run(['audit', 'archive', ...args], home)

beforeAll(async () => {
  home = await initHome()
  await using daemon = await startDaemon(home.home)
  await using client = connect({ address: `unix:${daemon.socket}` })
  const item = { content: { kind: 'manifest', manifest: manifestOf(['a.bin'], 'bert') } } as const
  for (let left = SIGNATURES; left > 0; left -= 50) await client.signBatch(Array.from({ length: 50 }, () => item))
  expect(await archive('--before', '300')).toMatchObject({ code: 2, stderr: expect.stringContaining('audit.cold is not set') })
})
afterAll(() => {
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

it('moves whole bundles while the daemon is stopped, and everything finds them', async () => {
  const config = join(home.home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('[audit]\n', `[audit]\ncold = ${JSON.stringify(cold)}\n`))
  expect(await archive()).toMatchObject({ code: 2, stderr: expect.stringContaining('--older-than DAYS') })
  expect(await archive(join(folder.path, 'other'), '--before', '300')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('audit.cold in config.toml is'),
  })
  for (const command of ['fsck', 'archive']) {
    const nowhere = await run(['audit', command, '--before', '1'].slice(0, command === 'fsck' ? 2 : 4), { home: join(folder.path, 'nowhere') })
    expect(nowhere).toMatchObject({ code: 3, stderr: expect.stringMatching(/^error: no Sealstone state in .*nowhere\nhint: /) as string })
  }
  expect(await archive('--older-than', '1')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is old enough') })
  const before = database()
  const { stdout } = await runOk(['audit', 'archive', cold, '--before', '300', '--json'], home)
  expect(JSON.parse(stdout)).toMatchObject({ directory: cold, end: 256, moved: 256, bytesBefore: before, bytesAfter: database() })
  expect(database()).toBeLessThan(before)
  expect((await archive('--before', '300')).stdout).toMatch(/^\S+ has entries 0 to 255 of \d+, nothing is new\n$/)
  expect((await runOk(['audit', 'fsck'], home)).stdout).toMatch(/^OK/)

  {
    await using _daemon = await startDaemon(home.home)
    expect(await archive('--before', '300')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing is new') })
    expect((await runOk(['audit', 'show', '100'], home)).stdout).toContain('bert')
    const listed = await runOk(['audit', 'list', '--json', '--model', 'ber*'], home)
    expect(listed.stdout.split('\n').filter(Boolean).length).toBeGreaterThanOrEqual(2 * SIGNATURES)
    const receipt = join(folder.path, 'receipt.txt')
    await runOk(['audit', 'receipt', '100', '-o', receipt], home)
    await runOk(['audit', 'verify', receipt], home)
  }
  const doctor = async () => {
    const { stdout: report } = await run(['doctor', '--quick', '--json'], home)
    return (JSON.parse(report) as { checks: { name: string }[] }).checks.find(({ name }) => name === 'cold storage')
  }
  expect(await doctor()).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(
      /: 256 entries were moved there, 1 of its bundles read and as .*same file system as the state directory$/,
    ) as string,
  })
  chmodSync(cold, 0o755)
  expect(await doctor()).toMatchObject({ status: 'warn', hint: `chmod 700 ${cold}` })
  renameSync(cold, `${cold}.away`)
  expect(await doctor()).toMatchObject({ status: 'fail', detail: expect.stringContaining('which cannot be read (ENOENT)') as string })
  expect(await run(['audit', 'fsck'], home)).toMatchObject({
    code: 3, // nothing was found, and not all was looked at
    stdout: expect.stringMatching(/^UNREAD [^]*\n    1 bundle could not be read from cold storage; all else was checked\n$/) as string,
    stderr: expect.stringContaining('mount the directory that audit.cold of config.toml names') as string,
  })
  const { stdout: judged } = await run(['audit', 'fsck', '--json'], home)
  expect(JSON.parse(judged)).toMatchObject({ ok: false, findingCount: 0, unread: { bundles: 1 } })
  renameSync(`${cold}.away`, cold)
  const proven = join(folder.path, 'proven.txt')
  await runOk(['audit', 'prove', '100', '--log', cold, '-o', proven], home)
  await runOk(['audit', 'publish', join(folder.path, 'public')], home)
  expect(readFileSync(join(folder.path, 'public/tile/entries/000'))).toEqual(readFileSync(join(cold, 'tile/entries/000')))
})

it('names what is missing or was changed, with the next step', async () => {
  const bundle = join(cold, 'tile/entries/000')
  const bytes = readFileSync(bundle)
  renameSync(bundle, `${bundle}.kept`)
  const missing = await run(['audit', 'fsck'], home)
  expect(missing).toMatchObject({ code: 1, stdout: expect.stringContaining(`leaves 0 to 255 are in ${bundle}, which cannot be read (ENOENT)`) })
  {
    // It starts and signs without them. Paths of the daemon's machine are told in its own log only.
    await using daemon = await startDaemon(home.home)
    const receipt = await run(['audit', 'receipt', '100'], home)
    expect(receipt).toMatchObject({ code: 3, stderr: expect.stringContaining('put the file back from a copy') })
    expect(daemon.log()).toContain(bundle)
    await runOk(['audit', 'receipt', '300'], home)
  }
  writeFileSync(bundle, bytes)
  appendFileSync(bundle, 'x')
  expect((await run(['audit', 'fsck'], home)).stdout).toContain(`${bundle} was changed`)
})
