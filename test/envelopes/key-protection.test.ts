/** What a verifier may demand of the key's protection, and what the statement in the receipt must say for it. */
import { describe, expect, it } from 'vitest'
import type { KeyProtection } from '#core'
import { PROTECTION_LEVELS, type RequiredProtection, verifyModel } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { makeInstallation, manifestOf, PROTECTION, signManifest, trustOf } from '../support/signing.ts'

const home = makeInstallation()
const FLAGS = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }
const GOOD: KeyProtection = {
  module: 'libCryptoki2.so',
  tokenModel: 'LunaSA 7.7.1',
  tokenSerial: '1',
  halves: [
    { role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm', ...FLAGS },
    { role: 'classical', location: 'token', ...FLAGS },
    { role: 'companion', location: 'token' },
  ],
}
const weaker = (changes: Partial<KeyProtection['halves'][number]>): KeyProtection => ({
  ...GOOD,
  halves: GOOD.halves.map((half) => (half.role === 'classical' ? { ...half, ...changes } : half)),
})

async function check(protection: KeyProtection, requireProtection: RequiredProtection | undefined, withHybrid = true): Promise<string> {
  const { bundle, hybrid } = signManifest(home, manifestOf(['a']), { protection, leaf: (leaf) => ({ ...leaf, keyProtection: protection }) })
  const verdict = await verifyModel({
    engine: nativeEngine(),
    bundle,
    ...(withHybrid ? { hybrid } : {}),
    trust: { kind: 'trust-file', trust: trustOf(home) },
    require: withHybrid ? 'key' : 'classical',
    ...(requireProtection === undefined ? {} : { requireProtection }),
    now: new Date('2026-06-01'),
  })
  const found = verdict.checks.find(({ name }) => name === 'key-protection')
  expect(verdict.ok).toBe(found?.status !== 'failed')
  return `${found?.status}: ${found?.reason}`
}

describe('a verifier that demands protection', () => {
  it.each(PROTECTION_LEVELS)('%s: believes a guarded key in a hardware token', async (level) => {
    expect(await check(GOOD, level)).toMatch(/^passed: .*LunaSA/)
  })

  it('hsm: refuses a token that is software, which token accepts', async () => {
    for (const software of [
      { tokenModel: 'SoftHSM v2', module: 'libsofthsm2.so' },
      { tokenModel: 'SW   TPM', module: 'libtpm2_pkcs11.so' },
      { tokenModel: 'v1', module: 'libkryoptic_pkcs11.so' },
    ]) {
      expect(await check({ ...GOOD, ...software }, 'hsm')).toMatch(/^failed: .* which is software/)
      expect(await check({ ...GOOD, ...software }, 'token')).toMatch(/^passed/)
    }
  })

  it('hsm: refuses a token that says of itself that software was validated, and believes one where hardware was too', async () => {
    const software = { type: 'software', authority: 'nist-cmvp', level: 1, certificate: '4282' } as const
    expect(await check({ ...GOOD, validations: [software] }, 'hsm')).toMatch(/^failed: .* validated as software/)
    expect(await check({ ...GOOD, validations: [software] }, 'token')).toMatch(/^passed/)
    expect(await check({ ...GOOD, validations: [software, { ...software, type: 'hardware', level: 3 }] }, 'hsm')).toMatch(/^passed/)
  })

  it.each([{ sensitive: false }, { extractable: true }, { alwaysSensitive: false }, { neverExtractable: false }, { local: false }])(
    'refuses a half with %o, and one of which that is not said',
    async (flag) => {
      expect(await check(weaker(flag), 'token')).toMatch(/^failed: the token does not say of the classical half/)
      const [name] = Object.keys(flag)
      const silent = { ...GOOD, halves: GOOD.halves.map((half) => Object.fromEntries(Object.entries(half).filter(([member]) => member !== name))) }
      expect(await check(silent as unknown as KeyProtection, 'token')).toMatch(/^failed/)
    },
  )

  it.each(PROTECTION_LEVELS)('%s: refuses a key that was imported, and one that is recoverable although it is sealed', async (level) => {
    expect(await check({ ...GOOD, origin: 'imported' }, level)).toMatch(/^failed: the key was imported/)
    expect(await check({ ...GOOD, recoverable: true }, level)).toMatch(/^failed: the key is recoverable/)
  })

  it('goes by what the token says of an adopted key: one that was made in it is as good as ours, one that was put there is not', async () => {
    expect(await check({ ...GOOD, origin: 'adopted' }, 'hsm')).toMatch(/^passed/)
    for (const flag of [{ local: false }, { neverExtractable: false }, { alwaysSensitive: false }])
      expect(await check({ ...weaker(flag), origin: 'adopted' }, 'token')).toMatch(/^failed: the token does not say of the classical half/)
  })

  it('refuses a signature without a receipt', async () => {
    expect(await check(GOOD, 'token', false)).toMatch(/^failed: no verified receipt/)
  })

  it('demands nothing unless it says so', async () => {
    expect(await check(PROTECTION, undefined)).toMatch(/^not-applicable/)
  })
})
