/** Signing again with the digest cache: the log says what was not read, and verification believes it only when asked to. */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let model: string
const folder = temporaryFolder()

beforeAll(async () => {
  home = await initHome()
  model = tinyModel(join(folder.path, 'model'))
  ;[daemon] = await Promise.all([startDaemon(home.home), sleep(2100)]) // what was written just now is not kept
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

interface Signed {
  readonly files: number
  readonly cachedDigests: number
  readonly leafIndex: number
}

async function sign(...args: string[]): Promise<Signed> {
  return JSON.parse((await runOk(['sign', model, '--json', ...args], home)).stdout) as Signed
}

async function leaf(index: number): Promise<Record<string, unknown>> {
  const { stdout } = await runOk(['audit', 'show', String(index), '--json'], home)
  return JSON.parse(stdout) as Record<string, unknown>
}

describe('sign --cache', () => {
  it('reads nothing again that did not change, and the log says so', async () => {
    const first = await sign('--cache')
    expect(first.cachedDigests).toBe(0)
    expect(await leaf(first.leafIndex)).not.toHaveProperty('cachedDigests')
    const before = new Date().toISOString()
    const second = await sign('--cache')
    expect(second.cachedDigests).toBe(second.files)
    const entry = await leaf(second.leafIndex)
    expect(entry).toMatchObject({ cachedDigests: second.files, digestSource: 'caller' })
    expect(String(entry['oldestCachedDigest']) < before).toBe(true)
    expect((await sign()).cachedDigests).toBe(0)
  })

  it('says without a state directory what is missing', async () => {
    const { code, stderr } = await run(['hash', model, '--cache'], { home: join(folder.path, 'nowhere') })
    expect(code).toBe(3)
    expect(stderr).toContain('sealstone init')
  })

  it('goes on without a cache that cannot be used', async () => {
    writeFileSync(join(home.home, 'digests.db'), 'not a database')
    const { stderr } = await runOk(['hash', model, '--cache'], home)
    expect(stderr).toContain('made anew')
  })
})

describe('verify', () => {
  it('reads every byte, and believes the cache with --cached alone, which it tells', async () => {
    await sign('--cache')
    await sign('--cache')
    const plain = await runOk(['verify', model], home)
    expect(plain.stderr).not.toContain('cache')
    const cached = await runOk(['verify', model, '--cached', '--json'], home)
    expect((JSON.parse(cached.stdout) as { warnings: string[] }).warnings).toEqual([expect.stringContaining('digests are from the cache')])
    expect(cached.stderr).toContain('those files were not read')
    truncateSync(join(model, 'config.json'), 1)
    expect((await run(['verify', model, '--cached'], home)).code).toBe(1)
  })
})
