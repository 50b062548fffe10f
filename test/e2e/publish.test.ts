/** The log published by the real command, from a real installation, beside the running daemon: read by those who hold its keys alone. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { parseVerifierKey } from '#tlog'
import { judge } from '../publish/support.ts'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
const folder = temporaryFolder()
const directory = join(folder.path, 'public/log')

beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
  await runOk(['sign', tinyModel(join(folder.path, 'model'))], home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

const logKeys = () => {
  const { origin, keys } = parseTrustFile(readFileSync(join(home.home, 'trust.json')), nativeEngine()).log
  return { origin, keys: keys.map(parseVerifierKey) }
}
const publish = async (): Promise<Record<string, unknown>> =>
  JSON.parse((await runOk(['audit', 'publish', directory, '--json'], home)).stdout) as Record<string, unknown>

describe('audit publish', () => {
  it('writes the log down beside the running daemon, and then what is new', async () => {
    const first = await publish()
    expect(first).toMatchObject({ directory, origin: logKeys().origin, before: 0 })
    expect(await judge(directory, logKeys())).toBe(BigInt(first['size'] as number))
    await runOk(['sign', join(folder.path, 'model')], home)
    const second = await publish()
    expect(second['before']).toBe(first['size'])
    expect(second['size']).toBeGreaterThan(first['size'] as number)
    expect(await judge(directory, logKeys())).toBe(BigInt(second['size'] as number))
    expect((await runOk(['audit', 'publish', directory], home)).stdout).toMatch(/ has \d+ entries of .*, nothing is new\n$/)
  })

  it('works when no daemon runs', async () => {
    await daemon.stop()
    await publish()
    expect(await judge(directory, logKeys())).toBeGreaterThan(0n)
    daemon = await startDaemon(home.home)
  })

  it('fails with what to do where it may not write, and changes nothing', async () => {
    const closed = join(folder.path, 'closed')
    mkdirSync(closed, { mode: 0o555 })
    const refused = await run(['audit', 'publish', closed], { ...home, unprivileged: true })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/^error: .*closed.*EACCES.*\nhint: /)
    const before = readFileSync(join(directory, 'checkpoint'))
    chmodSync(join(directory, '.publish/unfinished'), 0o555)
    chmodSync(directory, 0o555)
    await runOk(['sign', join(folder.path, 'model')], home)
    expect((await run(['audit', 'publish', directory], { ...home, unprivileged: true })).code).toBe(2)
    expect(readFileSync(join(directory, 'checkpoint'))).toEqual(before)
    chmodSync(join(directory, '.publish/unfinished'), 0o700)
    chmodSync(directory, 0o755)
    await publish()
    expect(await judge(directory, logKeys())).toBeGreaterThan(0n)
  })

  it('refuses a directory that holds another log, with exit code 1', async () => {
    using other = await initHome()
    const { code, stderr } = await run(['audit', 'publish', directory], other)
    expect(code).toBe(1)
    expect(stderr).toMatch(/holds the log/)
  })
})
