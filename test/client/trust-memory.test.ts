/** What a verifier remembers of trust files: a newer one is taken, an older, a changed one or another log's keys are refused. */
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { TrustFile } from '#envelopes'
import { loadTrust } from '#client/offline'
import { makeInstallation, trustFileOf, trustOf } from '../support/signing.ts'
import { temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const home = makeInstallation()
const now = new Date('2026-06-01T00:00:00Z')
let places = 0

function place(): { memory: string; load: (change?: Partial<TrustFile>, by?: typeof home) => Promise<unknown> } {
  const memory = join(folder.path, `memory-${++places}`)
  const file = join(folder.path, `trust-${places}.json`)
  return {
    memory,
    load: (change = {}, by = home) => {
      writeFileSync(file, trustFileOf({ ...trustOf(by), ...change }, by.log))
      return loadTrust({ kind: 'trust-file', path: file }, { now, memory })
    },
  }
}

describe('a verifier', () => {
  it('takes the first trust file, the same again, and newer ones', async () => {
    const { load, memory } = place()
    for (const serial of [3, 3, 4, 9]) await load({ serial })
    expect(statSync(memory).mode & 0o777).toBe(0o700)
    expect(readdirSync(memory)).toHaveLength(1)
  })

  it('refuses one that is older than what it used before', async () => {
    const { load } = place()
    await load({ serial: 4 })
    await expect(load({ serial: 3 })).rejects.toMatchObject({ code: 'TRUST_ROLLBACK', message: expect.stringMatching(/number 3, number 4/) })
    await load({ serial: 4 })
  })

  it('refuses another one of the same number', async () => {
    const { load } = place()
    await load({ serial: 4 })
    await expect(load({ serial: 4, keys: [] })).rejects.toMatchObject({ code: 'TRUST_ROLLBACK' })
  })

  it('refuses other log keys under the same name', async () => {
    const { load } = place()
    await load()
    await expect(load({ serial: 9 }, makeInstallation())).rejects.toMatchObject({
      code: 'TRUST_INVALID',
      message: expect.stringMatching(/had other keys/),
    })
  })

  it('keeps logs of other names apart', async () => {
    const { load, memory } = place()
    await load({ serial: 9 })
    const other = makeInstallation('mldsa65-ecdsa-p256', 'default', undefined)
    const renamed = { ...other, log: (await import('../support/software-log.ts')).softwareLog('log.example/other') }
    await load({ serial: 1 }, renamed)
    expect(readdirSync(memory)).toHaveLength(2)
  })

  it('refuses one whose time is over, and remembers nothing of it', async () => {
    const { load, memory } = place()
    await expect(load({ serial: 9, expiresAt: now.toISOString() })).rejects.toMatchObject({ code: 'TRUST_EXPIRED' })
    expect(() => readdirSync(memory)).toThrow(/ENOENT/)
    await load({ serial: 1 })
  })

  it('says so when its memory is damaged', async () => {
    const { load, memory } = place()
    await load()
    writeFileSync(join(memory, readdirSync(memory)[0] ?? ''), '{}')
    await expect(load()).rejects.toMatchObject({ code: 'TRUST_INVALID', hint: 'remove it' })
  })

  it('verifies also where it cannot remember', async () => {
    const { memory } = place()
    writeFileSync(memory, 'a file in the place of the folder')
    chmodSync(memory, 0o400)
    const file = join(folder.path, 'trust-readonly.json')
    writeFileSync(file, trustFileOf(trustOf(home), home.log))
    await expect(loadTrust({ kind: 'trust-file', path: file }, { now, memory })).resolves.toMatchObject({ kind: 'trust-file' })
  })
})
