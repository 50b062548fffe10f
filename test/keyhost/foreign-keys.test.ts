/** Keys that were not made here: adopted in a real token where other tools put them, or imported from PKCS#8 files of other people. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger, utf8 } from '#core'
import { type KeyHost, type KeyMaterial, startKeyHost } from '#keyhost'
import { parsePublicKey, parsePublicKeyPem, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { vectorJson, vectorText } from '../suites/support.ts'
import { Intruder } from '../support/intruder.ts'
import { makeToken, type TestToken } from '../support/softhsm.ts'

const MESSAGE = utf8('signed by a key from elsewhere')
let token: TestToken
let keyHost: KeyHost
let imports: string
beforeAll(async () => {
  token = await makeToken()
  imports = mkdtempSync(join(tmpdir(), 'sealstone-import-'))
  keyHost = await startKeyHost({ token: token.location, logger: silentLogger, importFolder: imports })
})
afterAll(async () => {
  await keyHost.close()
  token[Symbol.dispose]()
  rmSync(imports, { recursive: true, force: true })
})

async function signsRightly(key: KeyMaterial): Promise<void> {
  const [signature] = await keyHost.sign([{ key, message: MESSAGE }])
  for (const engine of [nativeEngine(), portableEngine()]) {
    expect(verify(engine, parsePublicKey(key.spki), MESSAGE, signature as Uint8Array), engine.name).toBe(true)
  }
}

/** Puts a key into the token with SoftHSM's own tool. */
function putIntoToken(label: string, id: string, pem: string): void {
  const file = join(token.folder, `${label}.pem`)
  writeFileSync(file, pem, { mode: 0o600 })
  const pin = readFileSync(token.location.pinFile, 'utf8').trim()
  execFileSync('softhsm2-util', ['--import', file, '--token', token.location.token, '--label', label, '--id', id, '--pin', pin], {
    env: { ...process.env, ...token.location.env },
    stdio: 'pipe',
  })
  rmSync(file)
}

describe('adopting', () => {
  it.each(['prime256v1', 'secp384r1', 'secp521r1'])('takes over an %s key where it is, by label and by id', async (namedCurve) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const id = randomBytes(4).toString('hex')
    putIntoToken(namedCurve, id, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
    for (const object of [{ label: namedCurve }, { id }, { id, label: namedCurve }]) {
      const key = await keyHost.adoptKey({ keyId: 'a', version: 1, object })
      expect(Buffer.from(key.spki)).toEqual(publicKey.export({ format: 'der', type: 'spki' }))
      expect(key).toMatchObject({ ckaId: id, protection: { halves: [{ role: 'classical', location: 'token', sensitive: true, local: false }] } })
      await signsRightly(key)
    }
  })

  it.each([2048, 3072])('refuses an RSA key of %d bits', async (modulusLength) => {
    const id = `c${modulusLength / 1024}`
    putIntoToken(
      `rsa-${modulusLength}`,
      id,
      generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    )
    await expect(keyHost.adoptKey({ keyId: 'r', version: 1, object: { id } })).rejects.toMatchObject({ code: 'SUITE_UNSUPPORTED' })
  })

  it('never guesses: none, or two of one label', async () => {
    const pem = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    putIntoToken('twice', 'd1', pem())
    putIntoToken('twice', 'd2', pem())
    const adopt = (object: object) => keyHost.adoptKey({ keyId: 't', version: 1, object })
    await expect(adopt({ label: 'nobody' })).rejects.toMatchObject({
      code: 'KEY_UNKNOWN',
      message: expect.stringMatching(/has 0 private keys/),
    })
    await expect(adopt({ label: 'twice' })).rejects.toMatchObject({
      code: 'KEY_UNUSABLE',
      message: expect.stringMatching(/has 2 private keys/),
    })
    await signsRightly(await adopt({ label: 'twice', id: 'd2' }))
  })

  it('refuses a key that lacks its public key, and does not say that somebody changed the token', async () => {
    const intruder = new Intruder(token)
    intruder.login()
    intruder.plantKeyPair('e1')
    intruder.destroy(pkcs11js.CKO_PUBLIC_KEY, 'e1')
    await expect(keyHost.adoptKey({ keyId: 'l', version: 1, object: { id: 'e1' } })).rejects.toMatchObject({
      code: 'KEY_UNUSABLE',
      hint: expect.stringContaining('its public key must be in the token'),
    })
  })
})

describe('importing', () => {
  const put = (name: string, content: string | Uint8Array, mode = 0o600): string => {
    const file = join(imports, name)
    writeFileSync(file, content)
    chmodSync(file, mode)
    return file
  }
  const importFile = (file: string) => keyHost.importKey({ keyId: 'i', version: 1, file })
  const vectors = vectorJson<Readonly<Record<string, string>>>('rfc9881/private-keys.pkcs8.json')
  const bad = Object.entries(vectors).filter(([name]) => /^bad-|slh/.test(name))
  const good = Object.entries(vectors).filter(([name]) => /^ML-DSA-\d+-(seed|expanded|both)\.priv$/.test(name))

  it('has vectors of every form', () => {
    expect(good).toHaveLength(9)
  })

  it.each(good)('takes %s of RFC 9881 as DER and as PEM', async (name, base64) => {
    const set = /44|65|87/.exec(name)?.[0] ?? ''
    const wanted = parsePublicKeyPem(vectorText(`rfc9881/ML-DSA-${set}.pub`))
    const pem = `-----BEGIN PRIVATE KEY-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
    for (const content of [Buffer.from(base64, 'base64'), pem]) {
      const key = await importFile(put('key', content))
      expect(key.suite).toBe(`mldsa${set}`)
      expect(Buffer.from(key.spki)).toEqual(Buffer.from(wanted.spki))
      expect(key.protection.halves).toMatchObject([{ role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm' }])
      await signsRightly(key)
    }
  })

  it('takes what node:crypto exports, and it survives a restart of the key host', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ml-dsa-65')
    const key = await importFile(put('node', privateKey.export({ format: 'pem', type: 'pkcs8' })))
    expect(Buffer.from(key.spki)).toEqual(publicKey.export({ format: 'der', type: 'spki' }))
    process.kill(keyHost.pid as number, 'SIGKILL')
    await signsRightly(key)
    await keyHost.check([key])
  })

  it.each(bad)('refuses %s', async (_, base64) => {
    await expect(importFile(put('bad', Buffer.from(base64, 'base64')))).rejects.toMatchObject({
      code: expect.stringMatching(/^KEY_(?:INVALID|UNUSABLE)$/),
    })
  })

  const both = Buffer.from(good.find(([name]) => name.startsWith('ML-DSA-65-both'))?.[1] ?? '', 'base64')
  it.each<[string, () => string, string]>([
    [
      'a seed that is not that of the expanded key',
      () =>
        put(
          'x',
          both.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
        ),
      'KEY_INVALID',
    ],
    [
      'an expanded key with a bit changed',
      () =>
        put(
          'x',
          both.map((byte, at) => (at === 1000 ? byte ^ 1 : byte)),
        ),
      'KEY_INVALID',
    ],
    ['half of a key', () => put('x', both.subarray(0, 900)), 'KEY_INVALID'],
    ['a classical key', () => put('x', generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })), 'KEY_UNUSABLE'],
    ['a public key', () => put('x', vectorText('rfc9881/ML-DSA-65.pub')), 'KEY_INVALID'],
    ['nothing', () => put('x', ''), 'KEY_INVALID'],
    ['a megabyte', () => put('x', Buffer.alloc(1 << 20, 0x30)), 'INPUT_TOO_LARGE'],
    ['a file that others can read', () => put('x', both, 0o644), 'FILE_UNREADABLE'],
    ['a folder', () => imports, 'FILE_UNREADABLE'],
    [
      'a pipe, without waiting for it',
      () => {
        const pipe = join(imports, 'pipe')
        rmSync(pipe, { force: true })
        execFileSync('mkfifo', ['-m', '600', pipe])
        return pipe
      },
      'FILE_UNREADABLE',
    ],
    ['a file that is not there', () => join(imports, 'nothing'), 'FILE_UNREADABLE'],
    [
      'a link',
      () => {
        const link = join(imports, 'link')
        rmSync(link, { force: true })
        symlinkSync(put('target', both), link)
        return link
      },
      'FILE_UNREADABLE',
    ],
  ])('refuses %s', async (_, make, code) => {
    await expect(importFile(make())).rejects.toMatchObject({ code })
  })

  it('says how to decrypt an encrypted key', async () => {
    const pem = generateKeyPairSync('ml-dsa-44').privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' })
    await expect(importFile(put('x', pem))).rejects.toMatchObject({ code: 'KEY_UNUSABLE', hint: expect.stringMatching(/openssl pkcs8/) })
  })

  it('reads no file outside of its folder', async () => {
    const other = mkdtempSync(join(tmpdir(), 'sealstone-elsewhere-'))
    mkdirSync(other, { recursive: true })
    const file = join(other, 'key')
    writeFileSync(file, both, { mode: 0o600 })
    await expect(importFile(file)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    rmSync(other, { recursive: true })
  })

  it('tells nothing of the secret in an error', async () => {
    const file = put(
      'x',
      both.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
    )
    const error: unknown = await importFile(file).catch((thrown: unknown) => thrown)
    const text = JSON.stringify(error, Object.getOwnPropertyNames(error))
    expect(text).not.toContain(both.subarray(32, 64).toString('hex'))
    expect(text).not.toContain(both.subarray(32, 64).toString('base64'))
  })
})
