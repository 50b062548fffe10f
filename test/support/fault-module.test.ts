/** The fault module itself: what it passes on, what it counts, and that each fault is the one that was asked for, at the call that was meant. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { encodePublicKey, findSuite } from '#suites'
import { type FaultyToken, makeFaultyToken } from './fault-module.ts'
import { Intruder } from './intruder.ts'

const ID = '0123456789abcdef'
const DEVICE_ERROR = 0x30
let token: FaultyToken
let direct: Intruder
let handle: Buffer

beforeAll(async () => {
  token = await makeFaultyToken()
  Object.assign(process.env, token.env)
  direct = new Intruder(token)
  direct.login()
  handle = direct.plantKeyPair(ID).privateKey
})
afterEach(() => token.clear())
afterAll(() => token[Symbol.dispose]())

describe('without a fault', () => {
  it('a signature through it verifies', () => {
    expect(verifies(sign())).toBe(true)
  })

  it('every call is counted by its own name', () => {
    const names = ['C_SignInit', 'C_Sign', 'C_GetTokenInfo', 'C_Login']
    const before = names.map((name) => token.calls(name))
    sign()
    sign()
    expect(direct.wrongPinSeen).toBe(false)
    expect(names.map((name, index) => token.calls(name) - (before[index] as number))).toEqual([2, 2, 1, 0])
    expect(() => token.calls('C_Sing')).toThrow('counts no C_Sing')
  })
})

describe('a code', () => {
  it('is answered at the call that was meant, as often as was said', () => {
    token.inject({ fn: 'C_SignInit', action: { return: DEVICE_ERROR }, call: 2, times: 2 })
    expect(outcomes(5)).toEqual(['signed', 'CKR_DEVICE_ERROR', 'CKR_DEVICE_ERROR', 'signed', 'signed'])
  })

  it('is answered until it is cleared', () => {
    token.inject({ fn: 'C_SignInit', action: { return: 0x80000001 }, times: 'always' })
    expect(outcomes(3)).toEqual(Array.from({ length: 3 }, () => 'CKR_VENDOR_DEFINED'))
    token.clear()
    expect(outcomes(1)).toEqual(['signed'])
  })

  it('of one function leaves the others alone, and two faults go side by side', () => {
    token.inject({ fn: 'C_Login', action: { return: DEVICE_ERROR }, times: 'always' })
    token.inject({ fn: 'C_SignInit', action: { return: 0x06 }, call: 2 })
    expect(outcomes(3)).toEqual(['signed', 'CKR_FUNCTION_FAILED', 'signed'])
    expect(() => direct.login()).toThrow('CKR_DEVICE_ERROR')
  })

  it('may come after the work was done', () => {
    token.inject({ fn: 'C_GenerateKeyPair', action: { after: DEVICE_ERROR } })
    expect(() => direct.plantKeyPair('ee')).toThrow('CKR_DEVICE_ERROR')
    expect(direct.find(pkcs11js.CKO_PRIVATE_KEY, 'ee')).toHaveLength(1)
    token.inject({ fn: 'C_GenerateKeyPair', action: { return: DEVICE_ERROR } })
    expect(() => direct.plantKeyPair('ff')).toThrow('CKR_DEVICE_ERROR')
    expect(direct.find(pkcs11js.CKO_PRIVATE_KEY, 'ff')).toHaveLength(0)
  })
})

describe('a lie', () => {
  it('in a signature makes it a wrong one, once', () => {
    token.inject({ fn: 'C_Sign', action: 'flip' })
    expect([sign(), sign()].map(verifies)).toEqual([false, true])
  })

  it('in an attribute changes that one only', () => {
    const [flag, point, id] = [pkcs11js.CKA_EXTRACTABLE, pkcs11js.CKA_EC_POINT, pkcs11js.CKA_ID]
    expect(read(flag, handle)).toEqual(Buffer.of(0))
    const before = read(point, publicHandle())
    token.inject({ fn: 'C_GetAttributeValue', action: { lie: flag }, times: 'always' })
    token.inject({ fn: 'C_GetAttributeValue', action: { lie: point }, times: 'always' })
    expect(read(flag, handle)).toEqual(Buffer.of(1))
    token.clear()
    token.inject({ fn: 'C_GetAttributeValue', action: { lie: point }, times: 'always' })
    expect(read(point, publicHandle())).not.toEqual(before)
    expect(read(id, handle).toString('hex')).toBe(ID)
  })
})

describe('time and death', () => {
  it('a delay lets the call through afterwards', () => {
    token.inject({ fn: 'C_Sign', action: { delayMs: 120 } })
    const started = performance.now()
    expect(verifies(sign())).toBe(true)
    expect(performance.now() - started).toBeGreaterThanOrEqual(119)
  })

  it.each(['SIGABRT', 'SIGSEGV'] as const)('a crash ends the process by %s, and its calls stay counted', (signal) => {
    const before = token.calls('C_GetInfo')
    token.inject({ fn: 'C_GetInfo', action: { crash: signal }, call: 2 })
    expect(inAnotherProcess('cryptoki.C_GetInfo(); cryptoki.C_GetInfo(); cryptoki.C_GetInfo()').signal).toBe(signal)
    expect(token.calls('C_GetInfo') - before).toBe(2)
    expect(inAnotherProcess('cryptoki.C_GetInfo()').status).toBe(0) // once is once, whichever process it is
  })

  it('a hang never answers', () => {
    token.inject({ fn: 'C_GetInfo', action: 'hang' })
    const { signal, stdout } = inAnotherProcess("console.log('before'); cryptoki.C_GetInfo(); console.log('after')", 5000)
    expect([signal, stdout]).toEqual(['SIGKILL', 'before\n'])
  })
})

it('does not load without all three of its settings, and ends the process rather than overlook a fault it does not understand', () => {
  const { FAULT_MODULE_COUNTS: _, ...incomplete } = token.env
  expect(inAnotherProcess('', 100_000, incomplete).stderr).toContain('CKR_GENERAL_ERROR')
  expect(() => token.inject({ fn: 'C_Singen', action: 'hang' })).toThrow('counts no C_Singen')
  writeFileSync(token.env['FAULT_MODULE_CONTROL'] as string, 'C_Singen 1 1 hang 0\n')
  expect(inAnotherProcess('')).toMatchObject({ signal: 'SIGABRT', stderr: expect.stringContaining('cannot read the line: C_Singen') })
})

function sign(): Buffer {
  direct.cryptoki.C_SignInit(direct.session, { mechanism: pkcs11js.CKM_ECDSA }, handle)
  return direct.cryptoki.C_Sign(direct.session, DIGEST, Buffer.alloc(64))
}

function outcomes(count: number): string[] {
  return Array.from({ length: count }, () => {
    try {
      return verifies(sign()) ? 'signed' : 'wrong'
    } catch (error) {
      return error instanceof Error ? error.message : 'no error'
    }
  })
}

function verifies(signature: Buffer): boolean {
  const raw = read(pkcs11js.CKA_EC_POINT, publicHandle()).subarray(2)
  const key = createPublicKey({ key: Buffer.from(encodePublicKey(findSuite('ecdsa-p256'), raw).spki), format: 'der', type: 'spki' })
  return verify('sha256', MESSAGE, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function publicHandle(): Buffer {
  const [found] = direct.find(pkcs11js.CKO_PUBLIC_KEY, ID)
  if (found === undefined) throw new Error('no public key')
  return found
}

function read(type: number, object: Buffer): Buffer {
  const [attribute] = direct.cryptoki.C_GetAttributeValue(direct.session, object, [{ type }])
  return Buffer.from(attribute?.value as Buffer)
}

/** A process that has loaded the module as `cryptoki`. */
function inAnotherProcess(script: string, timeout = 100_000, env = token.env): SpawnSyncReturns<string> {
  const load = `const { PKCS11 } = require('pkcs11js'); const cryptoki = new PKCS11(); cryptoki.load(${JSON.stringify(token.modulePath)}); cryptoki.C_Initialize();`
  const leave = 'process.reallyExit(0)'
  return spawnSync(process.execPath, ['-e', `${load} ${script}; ${leave}`], {
    cwd: join(import.meta.dirname, '../..'),
    env,
    timeout,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  })
}

const MESSAGE = Buffer.from('a message')
const DIGEST = createHash('sha256').update(MESSAGE).digest()
