/** Keys that outlive their token: on a real token, moved to another one, their blobs judged by the age tool of others. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '#core'
import type { KeyHost, KeyMaterial } from '#keyhost'
import { findSuite, fingerprint, parsePublicKey, SUITE_IDS, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { makeToken, openKeyHost, type TestToken } from '../support/softhsm.ts'

const MESSAGE = utf8('before and after the fire')
let first: TestToken
let second: TestToken
let folder: string
let identityFile: string
let otherIdentity: string
let recipients: string[]
let here: KeyHost & AsyncDisposable
let there: KeyHost & AsyncDisposable

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealstone-recovery-'))
  identityFile = join(folder, 'identity.txt')
  otherIdentity = join(folder, 'other.txt')
  for (const file of [identityFile, otherIdentity]) execFileSync('age-keygen', ['-o', file], { stdio: 'pipe' })
  const hybrid = await generateHybridIdentity()
  recipients = [execFileSync('age-keygen', ['-y', identityFile], { encoding: 'utf8' }).trim(), await identityToRecipient(hybrid)]
  writeFileSync(join(folder, 'pq.txt'), `# offline\n${hybrid}\n`, { mode: 0o600 })
  first = await makeToken()
  second = await makeToken()
  here = await openKeyHost(first.location)
  there = await openKeyHost(second.location, { importFolder: folder })
})
afterAll(async () => {
  await here[Symbol.asyncDispose]()
  await there[Symbol.asyncDispose]()
  first[Symbol.dispose]()
  second[Symbol.dispose]()
  rmSync(folder, { recursive: true, force: true })
})

function make(suite: KeyMaterial['suite'], keyId = 'k', given: readonly string[] = recipients): Promise<KeyMaterial> {
  return here.generateKey({ keyId, version: 1, suite, label: 'recoverable', role: 'signing', recipients: given })
}

function recover(key: KeyMaterial, file = identityFile): Promise<KeyMaterial> {
  return there.recoverKey({ key, role: 'signing', label: 'recovered', identityFile: file })
}

async function signsRightly(host: KeyHost, key: KeyMaterial): Promise<void> {
  const [signature] = await host.sign([{ key, message: MESSAGE }])
  expect(verify(nativeEngine(), parsePublicKey(key.spki), MESSAGE, signature as Uint8Array)).toBe(true)
}

describe('a recoverable key', () => {
  it.each(SUITE_IDS.filter((id) => findSuite(id).canSign))('of suite %s signs here, and in another token with the same public key', async (suite) => {
    const key = await make(suite)
    await signsRightly(here, key)
    expect(key.protection).toMatchObject({ recoverable: true })
    const inToken = key.protection.halves.filter(({ role, location }) => role === 'classical' && location === 'token')
    for (const half of inToken) expect(half).toMatchObject({ sensitive: true, extractable: false, local: false })
    await expect(there.check([key])).rejects.toMatchObject({ code: expect.stringMatching(/TOKEN_KEY_MISMATCH|SEALED_SEED_INVALID/) })
    const recovered = await recover(key)
    expect(Buffer.from(recovered.spki)).toEqual(Buffer.from(key.spki))
    await signsRightly(there, recovered)
    await there.check([recovered])
    expect(recovered.recovery).toEqual(key.recovery)
  })

  it('is opened by every recipient, the post-quantum one too', async () => {
    const key = await make('mldsa65-ecdsa-p256')
    await signsRightly(there, await recover(key, join(folder, 'pq.txt')))
  })

  it('has a blob that the age tool opens: a header that says whose it is, and the parts', async () => {
    const key = await make('mldsa65-ecdsa-p256', 'judged', recipients.slice(0, 1))
    const plain = execFileSync('age', ['--decrypt', '-i', identityFile], key.recovery === undefined ? {} : { input: key.recovery })
    const end = plain.indexOf(0x0a)
    const header = JSON.parse(plain.subarray(0, end).toString()) as { parts: { part: string; length: number }[] }
    expect(header).toEqual({
      purpose: 'sealstone recovery v1',
      keyId: 'judged',
      version: 1,
      suite: 'mldsa65-ecdsa-p256',
      publicKey: fingerprint(nativeEngine(), key.spki),
      parts: [
        { part: 'ml-dsa', length: 32 },
        { part: 'classical', length: expect.any(Number) },
      ],
    })
    expect(plain.length).toBe(end + 1 + header.parts.reduce((sum, { length }) => sum + length, 0))
  })

  it('is not made where its ML-DSA half would be made in the token', async () => {
    const request = { keyId: 'k', version: 1, suite: 'mldsa65', label: 'l', role: 'signing', mlDsa: 'token', recipients } as const
    await expect(here.generateKey(request)).rejects.toMatchObject({ code: 'INPUT_INVALID', hint: expect.stringMatching(/--not-recoverable/) })
  })

  it('may be an imported one', async () => {
    const file = join(folder, 'import.pem')
    writeFileSync(file, execFileSync(process.execPath, ['-e', MAKE_ML_DSA]), { mode: 0o600 })
    const key = await there.importKey({ keyId: 'imported', version: 1, file, recipients })
    expect(key.protection).toMatchObject({ recoverable: true })
    await signsRightly(there, await recover(key))
  })
})

describe('a recovery blob', () => {
  it.each<[what: string, move: (key: KeyMaterial, other: KeyMaterial) => KeyMaterial]>([
    ['key', (key) => ({ ...key, keyId: 'another' })],
    ['version', (key) => ({ ...key, version: 2 })],
    ['suite', (key) => ({ ...key, suite: 'mldsa65-ed25519' })],
    ['public key', (key, other) => ({ ...key, spki: other.spki })],
    ['record', (key, other) => ({ ...other, recovery: key.recovery as Uint8Array })],
  ])('that is moved to another %s does not put anything back', async (_, move) => {
    const [key, other] = [await make('mldsa65-ecdsa-p256', 'a'), await make('mldsa65-ecdsa-p256', 'b')]
    await expect(recover(move(key, other))).rejects.toMatchObject({ code: 'RECOVERY_INVALID', message: expect.stringMatching(/belongs to another/) })
  })

  it('does not open with an identity that is no recipient, and says what to do', async () => {
    const key = await make('mldsa44')
    await expect(recover(key, otherIdentity)).rejects.toMatchObject({ code: 'RECOVERY_INVALID', hint: expect.stringMatching(/recipients/) })
  })

  it('that is damaged or made up by somebody who knows the recipients puts nothing back', async () => {
    const key = await make('mldsa44')
    const blob = key.recovery as Uint8Array
    for (const at of [0, 40, blob.length - 1])
      await expect(recover({ ...key, recovery: blob.with(at, (blob[at] as number) ^ 1) })).rejects.toMatchObject({ code: 'RECOVERY_INVALID' })
    await expect(recover({ ...key, recovery: blob.subarray(0, 100) })).rejects.toMatchObject({ code: 'RECOVERY_INVALID' })
    const header = {
      purpose: 'sealstone recovery v1',
      keyId: 'k',
      version: 1,
      suite: 'mldsa44',
      publicKey: fingerprint(nativeEngine(), key.spki),
      parts: [{ part: 'ml-dsa', length: 32 }],
    }
    const forged = async (plain: Uint8Array): Promise<Uint8Array> => {
      const encrypter = new Encrypter()
      for (const recipient of recipients) encrypter.addRecipient(recipient)
      return encrypter.encrypt(plain)
    }
    for (const plain of [
      Buffer.concat([utf8(`${JSON.stringify(header)}\n`), Buffer.alloc(32, 7)]), // another seed
      Buffer.concat([utf8(`${JSON.stringify(header)}\n`), Buffer.alloc(31)]),
      Buffer.from('no header'),
      Buffer.alloc(5000, 0x20),
      Buffer.from('{"parts":[{"part":"ml-dsa","length":-1}]}\n'),
    ])
      await expect(recover({ ...key, recovery: await forged(plain) })).rejects.toMatchObject({
        code: expect.stringMatching(/RECOVERY_INVALID|TOKEN_KEY_MISMATCH|FORMAT_INVALID/),
      })
  })

  it('is not opened with an identity file that others can read, or that holds no identity', async () => {
    const key = await make('mldsa44')
    const file = join(folder, 'bad.txt')
    writeFileSync(file, 'AGE-SECRET-KEY-1NONSENSE\n', { mode: 0o600 })
    const refused: unknown = await recover(key, file).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'RECOVERY_INVALID' })
    expect(JSON.stringify(refused)).not.toContain('NONSENSE')
    writeFileSync(file, '# nothing\n')
    await expect(recover(key, file)).rejects.toMatchObject({ code: 'RECOVERY_INVALID', message: expect.stringMatching(/0 identities/) })
    chmodSync(file, 0o644)
    await expect(recover(key, file)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})

const MAKE_ML_DSA =
  "process.stdout.write(require('node:crypto').generateKeyPairSync('ml-dsa-65').privateKey.export({ format: 'pem', type: 'pkcs8' }))"
