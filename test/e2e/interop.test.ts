/** The published model_signing tool verifies what we sign, and we verify what it signs. */
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oddModel } from '../support/models.ts'
import { initHome, PROJECT, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const MODEL_SIGNING = join(PROJECT, '.cache/model-signing-1.1.1/bin/model_signing')

describe.each(['mldsa65-ecdsa-p256', 'mldsa87-ecdsa-p384', 'mldsa65-ed25519', 'mldsa65-rsa3072-pss', 'mldsa65'])(
  'model_signing 1.1.1 and a key of suite %s',
  (suite) => {
    let home: Awaited<ReturnType<typeof initHome>>
    let daemon: RunningDaemon
    const folder = temporaryFolder()
    const model = join(folder.path, 'odd model ünïcode')
    const companion = join(folder.path, 'companion.pem')

    beforeAll(async () => {
      if (!existsSync(MODEL_SIGNING)) throw new Error(`${MODEL_SIGNING} is missing; run: make setup`)
      home = await initHome(['--suite', suite, '--key', 'release'])
      daemon = await startDaemon(home.home)
      oddModel(model)
      await runOk(['sign', model, '--key', 'release'], home)
      writeFileSync(companion, (await runOk(['keys', 'export', 'release', '--companion'], home)).stdout)
    })
    afterAll(async () => {
      await daemon[Symbol.asyncDispose]()
      home[Symbol.dispose]()
      folder[Symbol.dispose]()
    })

    it('verifies model.sig with model.hybrid.sig beside it and no extra flag', async () => {
      const { stdout, code } = await modelSigning('verify', 'key', '--signature', join(model, 'model.sig'), '--public_key', companion, model)
      expect(stdout).toMatch(/succeeded/i)
      expect(code).toBe(0)
    })

    it('refuses the same directory after a file changed', async () => {
      appendFileSync(join(model, 'a/b.txt'), '!')
      expect((await modelSigning('verify', 'key', '--signature', join(model, 'model.sig'), '--public_key', companion, model)).code).not.toBe(0)
      expect((await run(['verify', model], home)).code).toBe(1)
      writeFileSync(join(model, 'a/b.txt'), '2')
      await runOk(['verify', model], home)
    })
  },
)

describe('a model signed by model_signing 1.1.1', () => {
  const folder = temporaryFolder()
  const model = join(folder.path, 'model')
  const signature = join(folder.path, 'other.sig')
  const publicKey = join(folder.path, 'public.pem')
  afterAll(() => folder[Symbol.dispose]())

  it('verifies here with its public key', async () => {
    oddModel(model)
    const privateKey = join(folder.path, 'private.pem')
    await promisify(execFile)('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', privateKey])
    await promisify(execFile)('openssl', ['ec', '-in', privateKey, '-pubout', '-out', publicKey])
    expect((await modelSigning('sign', 'key', '--signature', signature, '--private_key', privateKey, model)).code).toBe(0)
    rmSync(privateKey)
    await runOk(['verify', model, '--signature', signature, '--public-key', publicKey])
  })

  it('is refused after a file was added, and passes with --ignore-unsigned-files', async () => {
    writeFileSync(join(model, 'added.bin'), 'x')
    const refused = await run(['verify', model, '--signature', signature, '--public-key', publicKey])
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).toContain('added.bin')
    await runOk(['verify', model, '--signature', signature, '--public-key', publicKey, '--ignore-unsigned-files'])
  })
})

async function modelSigning(...args: string[]): Promise<{ code: number; stdout: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(MODEL_SIGNING, args, { timeout: 100_000 })
    return { code: 0, stdout: stdout + stderr }
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string }
    return { code: failed.code ?? -1, stdout: `${failed.stdout}${failed.stderr}` }
  }
}
