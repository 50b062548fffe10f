/** Key protection statements: read strictly, written back the same. */
import { expect, it } from 'vitest'
import { describeHalf, describeValidation, type JsonValue, type KeyProtection, keyProtectionJson, parseKeyProtection, SealstoneError } from '#core'

const PROTECTION: KeyProtection = {
  module: 'libsofthsm2.so',
  tokenModel: 'SoftHSM v2',
  tokenSerial: '0123456789abcdef',
  halves: [
    { role: 'ml-dsa', location: 'sealed', sealing: 'aes-256-gcm' },
    { role: 'classical', location: 'token', sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true },
    { role: 'companion', location: 'token', sensitive: true },
  ],
}

function refusal(value: JsonValue | undefined): string {
  try {
    parseKeyProtection(value)
  } catch (error) {
    return error instanceof SealstoneError ? error.code : String(error)
  }
  return 'nothing thrown'
}

it('is told to people: of a sealed half it is the sealing key that was made in the token', () => {
  const flags = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }
  const guarded = 'sensitive, not extractable, always sensitive, never extractable, made in the token'
  expect(describeHalf({ location: 'token', ...flags })).toBe(`in the token, ${guarded}`)
  expect(describeHalf({ location: 'sealed', sealing: 'aes-256-gcm', ...flags })).toBe(
    `sealed by the token (aes-256-gcm), by a key that is ${guarded}`,
  )
  expect(describeHalf({ location: 'sealed' })).toBe('sealed by the token')
  expect(describeHalf({ location: 'token', sensitive: false, local: false })).toBe('in the token, not sensitive, not made in the token')
})

it('reads a statement with the firmware, and one from before there was any', () => {
  const firmware = { ...PROTECTION, firmware: '7.8' }
  expect(parseKeyProtection(keyProtectionJson(firmware))).toEqual(firmware)
  expect(parseKeyProtection(keyProtectionJson(PROTECTION))).not.toHaveProperty('firmware')
})

it('reads a statement with validations of the token, and tells them to people', () => {
  const validations = [
    { type: 'hardware', authority: 'nist-cmvp', level: 3, version: '3.0', certificate: '4998' },
    { type: 'unspecified', authority: 'unspecified', level: 0 },
  ] as const
  expect(parseKeyProtection(keyProtectionJson({ ...PROTECTION, validations }))).toEqual({ ...PROTECTION, validations })
  expect(validations.map(describeValidation)).toEqual(['NIST CMVP certificate 4998, level 3, hardware, version 3.0', 'no named authority, level 0'])
})

it('reads back what it wrote', () => {
  expect(parseKeyProtection(JSON.parse(JSON.stringify(keyProtectionJson(PROTECTION))) as JsonValue)).toEqual(PROTECTION)
})

const [half] = keyProtectionJson(PROTECTION)['halves'] as [JsonValue]
const changed = (members: Record<string, JsonValue>): JsonValue => ({ ...keyProtectionJson(PROTECTION), ...members })
const VALIDATION = { type: 'hardware', authority: 'nist-cmvp', level: 3 }
const changedHalf = (members: Record<string, JsonValue>): JsonValue => changed({ halves: [{ ...(half as object), ...members }] })

it.each<[string, JsonValue | undefined]>([
  ['nothing', undefined],
  ['an array', []],
  ['an unknown member', changed({ vendor: 'x' })],
  ['a number for a name', changed({ module: 1 })],
  ['a number for the firmware', changed({ firmware: 7.8 })],
  ['a name of 256 characters', changed({ tokenModel: 'x'.repeat(256) })],
  ['no validation in a list of them', changed({ validations: [] })],
  ['five validations', changed({ validations: Array(5).fill(VALIDATION) as JsonValue[] })],
  ['a validation that is a word', changed({ validations: ['FIPS'] })],
  ['a validation of an unknown type', changed({ validations: [{ ...VALIDATION, type: 'paper' }] })],
  ['a validation by nobody', changed({ validations: [{ type: 'hardware', level: 3 }] })],
  ['a validation with a stray member', changed({ validations: [{ ...VALIDATION, country: 'US' }] })],
  ['a level that is a word', changed({ validations: [{ ...VALIDATION, level: '3' }] })],
  ['a level of 1,000', changed({ validations: [{ ...VALIDATION, level: 1000 }] })],
  ['a level below 0', changed({ validations: [{ ...VALIDATION, level: -1 }] })],
  ['a version in words', changed({ validations: [{ ...VALIDATION, version: 'three' }] })],
  ['a certificate with a line break', changed({ validations: [{ ...VALIDATION, certificate: 'a\nb' }] })],
  ['an empty certificate', changed({ validations: [{ ...VALIDATION, certificate: '' }] })],
  ['no halves', changed({ halves: [] })],
  ['four halves', changed({ halves: Array(4).fill(half) as JsonValue[] })],
  ['a half that is null', changed({ halves: [null] })],
  ['an unknown role', changedHalf({ role: 'spare' })],
  ['an unknown place', changedHalf({ location: 'cloud' })],
  ['an unknown sealing', changedHalf({ sealing: 'rot13' })],
  ['a word for a flag', changedHalf({ sensitive: 'yes' })],
  ['an unknown flag', changedHalf({ copyable: false })],
])('refuses %s', (_what, value) => {
  expect(refusal(value)).toBe('FORMAT_INVALID')
})
