/** The SoftHSM token that Sealstone makes for itself. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyMaterialJson, type KeyMaterial, parseKeyMaterial, provisionSoftHsm } from '#keyhost'
import { openKeyHost } from '../support/softhsm.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sealstone-provision-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('a token of our own', () => {
  it('is all below one directory, closed to others, and opens', async () => {
    const location = await provisionSoftHsm({ home, label: 'sealstone' })
    expect(readdirSync(home)).toEqual(['secrets', 'softhsm2.conf', 'token'])
    expect(readdirSync(join(home, 'secrets'))).toEqual(['so.pin', 'user.pin'])
    expect(['secrets', 'token'].map((name) => statSync(join(home, name)).mode & 0o777)).toEqual([0o700, 0o700])
    expect(['softhsm2.conf', 'secrets/so.pin', 'secrets/user.pin'].map((name) => statSync(join(home, name)).mode & 0o777)).toEqual([
      0o600, 0o600, 0o600,
    ])
    await using keyHost = await openKeyHost(location)
    expect(await keyHost.tokenInfo()).toMatchObject({ label: 'sealstone', serial: location.serial, module: 'libsofthsm2.so' })
  })

  it('has two different random PINs of 128 bits', async () => {
    await provisionSoftHsm({ home, label: 'sealstone' })
    const pins = ['so.pin', 'user.pin'].map((name) => readFileSync(join(home, 'secrets', name), 'utf8'))
    for (const pin of pins) expect(pin).toMatch(/^[0-9a-f]{32}\n$/)
    expect(pins[0]).not.toBe(pins[1])
  })

  it('is configured as the template in softhsm/ says', async () => {
    await provisionSoftHsm({ home, label: 'sealstone' })
    const template = readFileSync(join(import.meta.dirname, '../../softhsm/softhsm2.conf.template'), 'utf8')
    expect(readFileSync(join(home, 'softhsm2.conf'), 'utf8')).toBe(template.replace('@STORE@', join(home, 'token')))
  })

  it('works in a directory whose name has spaces and other characters', async () => {
    const odd = join(home, "my models' keys; 2026 — ü")
    mkdirSync(odd)
    await using keyHost = await openKeyHost(await provisionSoftHsm({ home: odd, label: 'sealstone' }))
    expect((await keyHost.tokenInfo()).label).toBe('sealstone')
  })

  it('is never made over another one', async () => {
    await provisionSoftHsm({ home, label: 'sealstone' })
    const before = readFileSync(join(home, 'secrets/user.pin'), 'utf8')
    await expect(provisionSoftHsm({ home, label: 'sealstone' })).rejects.toMatchObject({ code: 'HOME_EXISTS' })
    expect(readFileSync(join(home, 'secrets/user.pin'), 'utf8')).toBe(before)
  })

  it.each(['', 'x'.repeat(33), 'two words', 'ü'])('is not made with the label %j', async (label) => {
    await expect(provisionSoftHsm({ home, label })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  it('is not made without the module', async () => {
    await expect(provisionSoftHsm({ home, label: 'sealstone', modulePath: '/nonexistent.so' })).rejects.toMatchObject({ code: 'TOKEN_MISSING' })
  })
})

describe('the stored form of a key', () => {
  const key: KeyMaterial = {
    keyId: 'k',
    version: 3,
    suite: 'mldsa65-rsa3072-pss',
    spki: Uint8Array.of(1, 2, 3),
    ckaId: '00ff',
    sealedSeed: {
      sealing: 'rsa-oaep',
      wrappingKey: 'aa',
      oaepHash: 'sha256',
      encryptedKey: Uint8Array.of(4),
      iv: Uint8Array.of(5),
      ciphertext: Uint8Array.of(6),
    },
    protection: { module: 'm.so', tokenModel: 'T', tokenSerial: '1', halves: [{ role: 'ml-dsa', location: 'sealed', sealing: 'rsa-oaep' }] },
  }

  it('reads back the same, also sealed by RSA', () => {
    expect(parseKeyMaterial(keyMaterialJson(key))).toEqual(key)
  })

  it.each([
    ['an unknown suite', { suite: 'mldsa66' }, 'SUITE_UNKNOWN'],
    ['an unknown sealing', { sealedSeed: { sealing: 'rot13', wrappingKey: 'aa', iv: 'AA==', ciphertext: 'AA==' } }, 'FORMAT_INVALID'],
    [
      'a member of another sealing',
      { sealedSeed: { sealing: 'aes-256-gcm', wrappingKey: 'aa', iv: 'AA==', ciphertext: 'AA==', oaepHash: 'sha1' } },
      'FORMAT_INVALID',
    ],
    ['an object id that is not hex', { ckaId: 'XY' }, 'FORMAT_INVALID'],
    ['no public key', { spki: '' }, 'FORMAT_INVALID'],
    ['non-canonical base64', { spki: 'AB==' }, 'FORMAT_INVALID'],
    ['no protection', { protection: {} }, 'FORMAT_INVALID'],
  ])('with %s is refused', (_what, change, code) => {
    expect(() => parseKeyMaterial({ ...keyMaterialJson(key), ...change })).toThrow(expect.objectContaining({ code }))
  })
})
