/** The life of a key as an operator lives it: the real command line against the real daemon, verified by somebody who has only the trust file. */
import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifySelfSigned } from '#certificates'
import { nativeEngine } from '#suites/native'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
const folder = temporaryFolder()
/** The state directory of a verifier: empty but for what it remembers. */
const verifier = { home: join(folder.path, 'verifier') }
const trust = join(folder.path, 'trust.json')

beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

async function keys(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runOk(['keys', ...args, '--json'], home)
  return JSON.parse(stdout.split('\n')[0] ?? '') as Record<string, unknown>
}

async function signed(name: string, key: string): Promise<string> {
  const model = tinyModel(join(folder.path, name))
  await runOk(['sign', model, '--key', key], home)
  return model
}

async function exportTrust(): Promise<void> {
  await runOk(['keys', 'export', '--trust', '-o', trust], home)
}

const verify = (model: string, file = trust) => run(['verify', model, '--trust', file], verifier)

describe('an operator', () => {
  it('makes a key, rotates it, and old signatures go on to verify', async () => {
    expect(await keys('create', 'release', '--rotation-days', '365')).toMatchObject({ name: 'release', version: 1, state: 'active' })
    const first = await signed('first', 'release')
    expect(await keys('rotate', 'release')).toMatchObject({ version: 2, state: 'active' })
    const second = await signed('second', 'release')
    await exportTrust()
    for (const [model, version] of [
      [first, 1],
      [second, 2],
    ] as const) {
      const { stdout, code } = await verify(model)
      expect(code).toBe(0)
      expect(stdout).toContain(`release (version ${version})`)
    }
  })

  it('marks a version as compromised: a verifier with the new trust file fails, and cannot be given the old one again', async () => {
    const model = await signed('stolen', 'release')
    await exportTrust()
    const old = join(folder.path, 'old-trust.json')
    copyFileSync(trust, old)
    expect((await verify(model)).code).toBe(0)
    await keys('compromise', 'release', '--key-version', '2', '--since', '2026-01-01', '--reason', 'a laptop was stolen')
    await exportTrust()
    const after = await verify(model)
    expect(after.code).toBe(1)
    expect(after.stdout).toMatch(/key release version 2 signed at .*, it is compromised since 2026-01-01/)
    const rolledBack = await verify(model, old)
    expect(rolledBack.code).toBe(1)
    expect(rolledBack.stderr).toMatch(/trust file has number \d+, number \d+ was used before/)
  })

  it('is told what is possible when something is not', async () => {
    const { stderr, code } = await run(['keys', 'enable', 'release', '--key-version', '2'], home)
    expect(code).toBe(2)
    expect(stderr).toMatch(/key release version 2 is compromised, so it cannot be enabled[\s\S]*hint: possible now: compromise, destroy/)
    const several = await run(['keys', 'compromise', 'release', '--since', '2026-01-01', '--reason', 'x'], home)
    expect(several.stderr).toMatch(/key release has several versions: 1 \(deactivated\), 2 \(compromised\)[\s\S]*--key-version N/)
    expect((await run(['sign', tinyModel(join(folder.path, 'none')), '--key', 'release'], home)).stderr).toMatch(
      /key release version 2 is compromised/,
    )
  })

  it('destroys a version only with its name, with permission, and after a wait', async () => {
    await keys('create', 'old', '--deletion-allowed')
    await keys('retire', 'old')
    const unasked = await run(['keys', 'destroy', 'old'], home)
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringMatching(/repeat its name: --confirm old/) })
    expect((await run(['keys', 'destroy', 'old', '--confirm', 'other'], home)).code).toBe(2)
    const scheduled = await keys('destroy', 'old', '--confirm', 'old')
    expect(Date.parse(String(scheduled.destroyAt)) - Date.now()).toBeGreaterThan(6.9 * 86_400_000)
    expect(await keys('keep', 'old')).not.toHaveProperty('destroyAt')
  })

  it('gets its seeds sealed by a new wrapping key, and both that and what is signed afterwards is in the log', async () => {
    const first = await keys('rewrap')
    expect(first).toMatchObject({ wrappingKeyNumber: 2, destroyed: [] })
    expect(await run(['keys', 'rewrap', '--destroy-old'], home)).toMatchObject({ code: 2, stderr: expect.stringMatching(/add --confirm destroy/) })
    expect(await run(['keys', 'rewrap', '--destroy-old', '--confirm', 'yes'], home)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/want destroy/),
    })
    const second = await keys('rewrap', '--destroy-old', '--confirm', 'destroy')
    expect(second).toMatchObject({ wrappingKeyNumber: 3, seeds: first.seeds })
    expect(second.destroyed).toHaveLength(2)
    const model = await signed('rewrapped', 'default')
    await exportTrust()
    expect((await verify(model)).code).toBe(0)
    const { stdout } = await runOk(['audit', 'list', '--json'], home)
    expect(stdout).toMatch(
      new RegExp(`"keys.rewrap".*${String(second.seeds)} seeds are sealed by wrapping key 3, ${String(second.wrappingKey)}; destroyed`),
    )
  })

  it('imports a key; every receipt says that it was', async () => {
    const file = join(folder.path, 'legacy.pem')
    writeFileSync(file, generateKeyPairSync('ml-dsa-65').privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o644 })
    const { stdout, stderr } = await runOk(['keys', 'import', 'legacy', '--file', file, '--json'], home)
    expect(JSON.parse(stdout)).toMatchObject({ suite: 'mldsa65', origin: 'imported' })
    expect(stderr).toContain(`${file} can be read by others`)
    expect(readdirSync(join(home.home, 'import'))).toEqual([])
    const model = await signed('legacy-model', 'legacy')
    await exportTrust()
    expect((await verify(model)).code).toBe(0)
    const hybrid = JSON.parse(readFileSync(join(model, 'model.hybrid.sig'), 'utf8')) as { protection: object; receipt: { leaf: string } }
    expect(hybrid.protection).toMatchObject({ origin: 'imported' })
    expect(JSON.parse(Buffer.from(hybrid.receipt.leaf, 'base64').toString())).toMatchObject({ keyProtection: { origin: 'imported' } })
  })

  it('finds every change in the audit trail', async () => {
    const { stdout } = await runOk(['audit', 'list', '--key', 'release', '--json'], home)
    const operations = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; operation: string; result?: string })
      .filter(({ kind, operation }) => kind === 'outcome' && operation.startsWith('keys.'))
      .map(({ operation, result }) => `${operation} ${result}`)
    expect(operations).toEqual(['keys.create ok', 'keys.rotate ok', 'keys.retire ok', 'keys.compromise ok', 'keys.enable error'])
  })

  it('finds all of it again after a restart, with the same trust file', async () => {
    const before = await runOk(['keys', 'list', '--json'], home)
    const file = readFileSync(join(home.home, 'trust.json'))
    expect(await daemon.stop()).toBe(0)
    daemon = await startDaemon(home.home)
    expect((await runOk(['keys', 'list', '--json'], home)).stdout).toBe(before.stdout)
    expect(readFileSync(join(home.home, 'trust.json'))).toEqual(file)
  })

  it('has trust.json mended at a start when somebody changed it', async () => {
    const path = join(home.home, 'trust.json')
    const saved = join(folder.path, 'saved.json')
    cpSync(path, saved)
    await daemon.stop()
    writeFileSync(path, '{}')
    daemon = await startDaemon(home.home)
    expect(readFileSync(path)).toEqual(readFileSync(saved))
    expect(existsSync(`${path}.tmp`)).toBe(false)
  })
})

describe('what others read', () => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' })
  const file = (name: string): string => join(folder.path, name)

  it('is a certificate request of the companion that openssl verifies, and a certificate that it believes', async () => {
    const subject = ['--subject', 'CN=release,O=Example']
    await runOk(['keys', 'export', 'default', '--companion', '--csr', ...subject, '-o', file('release.csr')], home)
    expect(openssl('req', '-in', file('release.csr'), '-verify', '-noout', '-subject')).toMatch(/O\s*=\s*Example/)
    await runOk(['keys', 'export', 'default', '--companion', '--certificate', ...subject, '-o', file('release.crt')], home)
    expect(openssl('verify', '-x509_strict', '-check_ss_sig', '-CAfile', file('release.crt'), file('release.crt'))).toMatch(/OK/)
  })

  it('is a certificate of the hybrid key, signed by both halves in the token', async () => {
    await runOk(['keys', 'export', 'default', '--certificate', '--subject', 'CN=release', '-o', file('hybrid.crt')], home)
    expect(verifySelfSigned(nativeEngine(), readFileSync(file('hybrid.crt')))).toMatchObject({
      subject: 'CN=release',
      key: { suite: { id: 'mldsa65-ecdsa-p256' } },
    })
  })

  it('is a JSON Web Key, which node:crypto reads', async () => {
    const { stdout } = await runOk(['keys', 'export', 'default', '--companion', '--format', 'jwk'], home)
    const jwk = JSON.parse(stdout) as Record<string, string>
    expect(createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' })).toBe(
      (await runOk(['keys', 'export', 'default', '--companion'], home)).stdout,
    )
  })

  it('is DER in a file, never on a terminal', async () => {
    await runOk(['keys', 'export', 'default', '--format', 'der', '-o', file('key.der')], home)
    expect(readFileSync(file('key.der'))[0]).toBe(0x30)
    expect((await run(['keys', 'export', 'default', '--format', 'der'], home)).code).toBe(2)
  })
})
