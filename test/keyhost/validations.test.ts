/** What key protection statements say of the token's validations: what a PKCS#11 3.2 token tells, within bounds, and of every other token nothing. */
import { describe, expect, it } from 'vitest'
import { type KeyProtection, keyProtectionJson, parseKeyProtection } from '#core'
import { probeToken } from '#keyhost'
import { makeFaultyToken, type ShownObject } from '../support/fault-module.ts'
import { makeToken, openKeyHost, type TestToken } from '../support/softhsm.ts'

// As in the header of PKCS#11 3.2 that OASIS published.
const [TYPE, VERSION, LEVEL, MODULE_ID, AUTHORITY, COUNTRY, CERTIFICATE] = [0x61f, 0x620, 0x621, 0x622, 0x624, 0x625, 0x626]
const CKR_GENERAL_ERROR = 0x5

function ulong(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

const FIPS: ShownObject = {
  [TYPE]: ulong(2n),
  [VERSION]: Buffer.from([3, 0]),
  [LEVEL]: ulong(3n),
  [MODULE_ID]: Buffer.from('an HSM'),
  [AUTHORITY]: ulong(1n),
  [COUNTRY]: Buffer.from('US'),
  [CERTIFICATE]: Buffer.from('4998'),
}
const COMMON_CRITERIA: ShownObject = { [TYPE]: ulong(3n), [LEVEL]: ulong(4n), [AUTHORITY]: ulong(2n), [CERTIFICATE]: Buffer.from('BSI-DSZ-CC-1 \0') }

async function protectionBy({ location }: TestToken): Promise<KeyProtection> {
  await using keyHost = await openKeyHost(location, { children: 1 })
  return (await keyHost.generateKey({ keyId: 'k', version: 1, suite: 'mldsa44', label: 'k', role: 'signing' })).protection
}

async function toldBy(...objects: ShownObject[]): Promise<KeyProtection['validations']> {
  using token = await makeFaultyToken('test', objects)
  return (await probeToken({ token: token.location, factsOnly: true })).facts.validations
}

describe('a token that tells of its validations', () => {
  it('has them in the statement of each key, in one order, and in the facts of a probe', async () => {
    using token = await makeFaultyToken('test', [FIPS, COMMON_CRITERIA])
    const validations = [
      { type: 'firmware', authority: 'common-criteria', level: 4, certificate: 'BSI-DSZ-CC-1' },
      { type: 'hardware', authority: 'nist-cmvp', level: 3, version: '3.0', certificate: '4998' },
    ]
    const protection = await protectionBy(token)
    expect(protection.validations).toEqual(validations)
    expect(parseKeyProtection(keyProtectionJson(protection))).toEqual(protection)
    expect(await toldBy(COMMON_CRITERIA, FIPS)).toEqual(validations)
  })

  it.each<[what: string, object: ShownObject, told: KeyProtection['validations']]>([
    [
      'a type and an authority that nobody knows',
      { ...FIPS, [TYPE]: ulong(9n), [AUTHORITY]: ulong(0x8000_0001n) },
      [{ type: 'unspecified', authority: 'unspecified', level: 3, version: '3.0', certificate: '4998' }],
    ],
    ['nothing but a level', { [LEVEL]: ulong(1n) }, [{ type: 'unspecified', authority: 'unspecified', level: 1 }]],
    ['neither a level nor a certificate', { [TYPE]: ulong(2n), [VERSION]: Buffer.from([3, 0]), [AUTHORITY]: ulong(1n) }, undefined],
    [
      'a level without bounds',
      { [LEVEL]: ulong(2n ** 64n - 1n), [CERTIFICATE]: Buffer.from('1') },
      [{ type: 'unspecified', authority: 'unspecified', certificate: '1' }],
    ],
    [
      'numbers of wrong lengths',
      { [LEVEL]: Buffer.from([1]), [VERSION]: Buffer.from([3]), [TYPE]: Buffer.alloc(0), [CERTIFICATE]: Buffer.from('1') },
      [{ type: 'unspecified', authority: 'unspecified', certificate: '1' }],
    ],
    [
      'control characters',
      { [LEVEL]: ulong(1n), [CERTIFICATE]: Buffer.from('4998\u001b[2J') },
      [{ type: 'unspecified', authority: 'unspecified', level: 1 }],
    ],
    [
      'text that is not ASCII',
      { [LEVEL]: ulong(1n), [CERTIFICATE]: Buffer.from('№ 4998') },
      [{ type: 'unspecified', authority: 'unspecified', level: 1 }],
    ],
    ['too long a text', { [LEVEL]: ulong(1n), [CERTIFICATE]: Buffer.alloc(256, 'x') }, [{ type: 'unspecified', authority: 'unspecified', level: 1 }]],
    [
      'an enormous text',
      { [LEVEL]: ulong(1n), [CERTIFICATE]: Buffer.alloc(1_000_000, 'x') },
      [{ type: 'unspecified', authority: 'unspecified', level: 1 }],
    ],
  ])('is taken at its word within bounds: %s', async (_, object, told) => {
    expect(await toldBy(object)).toEqual(told)
  })

  it('may tell of more than a statement takes', async () => {
    const many = Array.from({ length: 20 }, (_, index) => ({ [LEVEL]: ulong(BigInt(index)), [CERTIFICATE]: Buffer.from(`no ${index}`) }))
    expect(await toldBy(...many)).toHaveLength(4)
  })

  it('and then answers the question with an error tells nothing, and is no worse for it', async () => {
    using token = await makeFaultyToken('test', [FIPS])
    token.inject({ fn: 'C_FindObjectsInit', action: { return: CKR_GENERAL_ERROR } })
    const { facts } = await probeToken({ token: token.location, factsOnly: true })
    expect(facts).toMatchObject({ label: 'test' })
    expect(facts).not.toHaveProperty('validations')
  })
})

describe('of a token that tells nothing', () => {
  it('that knows PKCS#11 3.2 the statement says nothing', async () => {
    using token = await makeFaultyToken('test', [])
    expect(await protectionBy(token)).not.toHaveProperty('validations')
  })

  it('because it is older the statement says nothing, and it is not even asked', async () => {
    using token = await makeFaultyToken()
    const { facts } = await probeToken({ token: token.location, factsOnly: true })
    expect(facts).not.toHaveProperty('validations')
    expect(token.calls('C_FindObjectsInit')).toBe(0)
    using plain = await makeToken()
    expect(Object.keys(await protectionBy(plain)).sort((left, right) => (left < right ? -1 : 1))).toEqual([
      'firmware',
      'halves',
      'module',
      'tokenModel',
      'tokenSerial',
    ])
  })
})
