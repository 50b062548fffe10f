/** `sealstone verify` on the signatures of the reference tool and on ours, through the real process and offline. */
import { appendFileSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { softwareSigner } from '../support/model-signer.ts'
import { tinyModel } from '../support/models.ts'
import { run, temporaryFolder } from '../support/sealstone.ts'

const OMS = resolve(import.meta.dirname, '../vectors/oms/model-transparency')
const KEY = ['--public-key', join(OMS, 'keys/certificate/signing-key-pub.pem')]
const ROOT = ['--trust-root', join(OMS, 'keys/certificate/ca-cert.pem')]

describe('signatures of model_signing', () => {
  it.each([
    ['v0.2.0-certificate', ROOT],
    ['v0.3.1-certificate', ROOT],
    ['v1.0.0-certificate', ROOT],
    ['v1.0.1-certificate', [...ROOT, '--ignore', 'ignore-me']],
    ['v1.1.0-certificate', ROOT],
    ['v0.3.1-elliptic-key/signme-1', KEY],
    ['v1.0.0-elliptic-key/signme-1', KEY],
    ['v1.0.1-elliptic-key', [...KEY, '--ignore-unsigned-files']],
    ['v1.1.0-elliptic-key', KEY],
  ])('%s verifies', async (model, trust) => {
    const { code, stdout } = await run(['verify', join(OMS, model), ...trust])
    expect(stdout).toMatch(/^OK {2}.*\n {2}signed by /)
    expect(code).toBe(0)
  })

  it.each(['v0.3.1-sigstore', 'v1.0.0-sigstore', 'v1.0.1-sigstore', 'v1.1.0-sigstore'])('%s is keyless and never valid', async (model) => {
    const { code, stdout, stderr } = await run(['verify', join(OMS, model), ...ROOT])
    expect(code).toBe(1)
    expect(stdout).toContain('cannot verify: keyless bundle')
    expect(stderr).toMatch(/^error: .*keyless bundle.*\nhint: /)
  })

  it('under another key do not verify', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'other.pem'), softwareSigner().companionPem)
    const { code } = await run(['verify', join(OMS, 'v1.1.0-elliptic-key'), '--public-key', join(folder.path, 'other.pem')])
    expect(code).toBe(1)
  })

  it('are found elsewhere with --signature', async () => {
    using folder = temporaryFolder()
    cpSync(join(OMS, 'v1.1.0-certificate'), folder.path, { recursive: true })
    renameSync(join(folder.path, 'model.sig'), join(folder.path, 'elsewhere.sig'))
    const { code } = await run(['verify', '.', '--signature', 'elsewhere.sig', ...ROOT], { cwd: folder.path })
    expect(code).toBe(0)
  })
})

describe('our own signatures', () => {
  it('verify from the trust file of the state directory, with every fact shown', async () => {
    using fixture = await signedModel()
    const { code, stdout, stderr } = await run(['verify', fixture.model], { env: { SEALSTONE_HOME: fixture.home } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^OK {2}/)
    for (const fact of ['default (version 1)', 'mldsa65-ecdsa-p256', 'ecdsa-p256', '3 files as signed', 'entry 3 of log.example/models']) {
      expect(stdout).toContain(fact)
    }
  })

  it('verify as JSON', async () => {
    using fixture = await signedModel()
    const { code, stdout } = await run(['--json', 'verify', fixture.model, '--trust', join(fixture.home, 'trust.json')])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, model: fixture.model, differences: [], warnings: [], signer: { keyName: 'default' } })
  })

  it('name every file that changed, is missing or is extra, with want and got', async () => {
    using fixture = await signedModel()
    writeFileSync(join(fixture.model, 'config.json'), 'other')
    rmSync(join(fixture.model, 'weights/a.bin'))
    writeFileSync(join(fixture.model, 'weights/new\u001b[31m.bin'), 'new')
    const { code, stdout, stderr } = await run(['verify', fixture.model], { env: { SEALSTONE_HOME: fixture.home } })
    expect(code).toBe(1)
    expect(stdout).toMatch(/changed +config\.json\n +want sha256:[0-9a-f]{64}\n +got +sha256:[0-9a-f]{64}\n/)
    expect(stdout).toMatch(/missing +weights\/a\.bin\n +want sha256:[0-9a-f]{64}\n/)
    expect(stdout).toMatch(/extra +weights\/new\\u\{1b\}\[31m\.bin\n +got +sha256:[0-9a-f]{64}\n/)
    expect(stdout).not.toContain('\u001b')
    expect(stderr).toMatch(/^error: .*1 changed, 1 missing, 1 extra\nhint: do not use the model/)
    const json = await run(['verify', fixture.model, '--json'], { env: { SEALSTONE_HOME: fixture.home } })
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      differences: [
        { name: 'config.json', kind: 'changed', want: expect.stringMatching(/^sha256:/), got: expect.stringMatching(/^sha256:/) },
        { name: 'weights/a.bin', kind: 'missing', want: expect.stringMatching(/^sha256:/) },
        { name: 'weights/new\u001b[31m.bin', kind: 'extra', got: expect.stringMatching(/^sha256:/) },
      ],
    })
  })

  it('fail as stripped without model.hybrid.sig; --require classical is the way down and says so', async () => {
    using fixture = await signedModel()
    rmSync(join(fixture.model, 'model.hybrid.sig'))
    const stripped = await run(['verify', fixture.model], { env: { SEALSTONE_HOME: fixture.home } })
    expect(stripped.code).toBe(1)
    expect(stripped.stdout).toMatch(/hybrid-signature +stripped/)
    const down = await run(['verify', fixture.model, '--require', 'classical'], { env: { SEALSTONE_HOME: fixture.home } })
    expect(down.code).toBe(0)
    expect(down.stderr).toMatch(/^warning: the quantum-safe half was not required/)
  })

  it('verify under the hybrid public key alone, which then demands the hybrid signature', async () => {
    using fixture = await signedModel()
    const pem = join(fixture.home, 'hybrid.pem')
    writeFileSync(pem, fixture.signer.hybridPem)
    expect((await run(['verify', fixture.model, '--public-key', pem])).code).toBe(0)
    rmSync(join(fixture.model, 'model.hybrid.sig'))
    expect((await run(['verify', fixture.model, '--public-key', pem])).code).toBe(1)
  })

  it('verify under the companion key as other tools do', async () => {
    using fixture = await signedModel()
    const pem = join(fixture.home, 'companion.pem')
    writeFileSync(pem, fixture.signer.companionPem)
    const result = await run(['verify', fixture.model, '--signature', join(fixture.model, 'model.sig'), '--public-key', pem])
    expect(result.code).toBe(0)
  })

  it('do not cover what --ignore names, and only warn of files with --ignore-unsigned-files', async () => {
    using fixture = await signedModel()
    mkdirSync(join(fixture.model, 'cache'))
    writeFileSync(join(fixture.model, 'cache/x'), 'x')
    const env = { SEALSTONE_HOME: fixture.home }
    expect((await run(['verify', fixture.model], { env })).code).toBe(1)
    expect(await run(['verify', fixture.model, '--ignore', 'cache'], { env })).toMatchObject({ code: 0, stderr: '' })
    const ignored = await run(['verify', fixture.model, '--ignore-unsigned-files'], { env })
    expect(ignored.code).toBe(0)
    expect(ignored.stderr).toBe('warning: 1 file not signed and ignored: "cache/x"\n')
  })

  it('cannot be made to accept a changed file by ignoring it', async () => {
    using fixture = await signedModel()
    appendFileSync(join(fixture.model, 'config.json'), 'x')
    for (const option of [['--ignore', 'config.json'], ['--ignore-unsigned-files']]) {
      expect((await run(['verify', fixture.model, ...option], { env: { SEALSTONE_HOME: fixture.home } })).code).toBe(1)
    }
  })

  it('are not looked for in symbolic links', async () => {
    using fixture = await signedModel()
    renameSync(join(fixture.model, 'config.json'), join(fixture.home, 'config.json'))
    symlinkSync(join(fixture.home, 'config.json'), join(fixture.model, 'config.json'))
    const env = { SEALSTONE_HOME: fixture.home }
    const refused = await run(['verify', fixture.model], { env })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/^error: config.json is a symbolic link/)
    expect((await run(['verify', fixture.model, '--allow-symlinks'], { env })).code).toBe(0)
  })
})

describe('bad input', () => {
  it('without any signature is exit code 1 with a hint', async () => {
    using fixture = await signedModel()
    for (const name of ['model.sig', 'model.hybrid.sig']) rmSync(join(fixture.model, name))
    const { code, stderr } = await run(['verify', fixture.model], { env: { SEALSTONE_HOME: fixture.home } })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: there is no signature: .*\nhint: sign the model first/)
  })

  it.each([
    ['nothing to trust', ['verify', '.'], 'TRUST_MISSING'],
    ['two kinds of trust', ['verify', '.', '--trust', 'a', '--public-key', 'b'], 'USAGE'],
    ['a missing signature that was named', ['verify', '.', '--signature', 'gone.sig', ...KEY], 'FILE_UNREADABLE'],
    ['a missing key', ['verify', '.', '--public-key', 'gone.pem'], 'FILE_UNREADABLE'],
    ['a key that is none', ['verify', '.', '--public-key', 'config.json'], 'KEY_INVALID'],
    ['a root that is none', ['verify', '.', '--trust-root', 'config.json'], 'CERTIFICATE_INVALID'],
    ['a trust file that is none', ['verify', '.', '--trust', 'config.json'], 'TRUST_INVALID'],
    ['a missing model', ['verify', 'gone'], 'FILE_UNREADABLE'],
  ])('%s is exit code 2', async (_, args, code) => {
    using fixture = await signedModel()
    const result = await run([...args, '--json'], { cwd: fixture.model })
    expect(JSON.parse(result.stdout)).toMatchObject({ error: { code } })
    expect(result.code).toBe(2)
  })

  it.each([
    ['empty', ''],
    ['cut', '{"mediaType":"application/vnd.dev.sigst'],
    ['nested a hundred thousand deep', '['.repeat(100_000)],
    ['with a name twice', '{"mediaType":"a","mediaType":"b"}'],
  ])('a signature that is %s fails with a reason', async (_, text) => {
    using fixture = await signedModel()
    writeFileSync(join(fixture.model, 'model.sig'), text)
    const { code, stdout } = await run(['verify', fixture.model], { env: { SEALSTONE_HOME: fixture.home } })
    expect(code).toBe(1)
    expect(stdout).toMatch(/failed +bundle-format +model\.sig: /)
  })
})

async function signedModel(): Promise<{ model: string; home: string; signer: ReturnType<typeof softwareSigner> } & Disposable> {
  const folder = temporaryFolder()
  const home = join(folder.path, 'home')
  const model = tinyModel(join(folder.path, 'model'))
  const signer = softwareSigner()
  await signer.signInto(model)
  mkdirSync(home)
  writeFileSync(join(home, 'trust.json'), signer.trustBytes)
  return { model, home, signer, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}
