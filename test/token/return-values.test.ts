/** The CKR table against the standard's own headers, the document made from it, and what becomes of what pkcs11js throws. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { faultClass, RETURN_VALUES } from '#token'
import { RETURN_VALUES_FILE } from '../support/generate.ts'
import { returnValuesDocument } from '../support/return-values-document.ts'

const ROOT = join(import.meta.dirname, '../..')
const OF_3_2 = readHeader('test/vectors/pkcs11/return-values.h')
const OF_2_40 = readHeader('node_modules/pkcs11js/includes/pkcs11/pkcs11t.h')

describe('the CKR table', () => {
  it('has every failure of PKCS#11 3.2 once, with its number', () => {
    expect(OF_3_2.size).toBeGreaterThan(100)
    expect(Object.fromEntries(RETURN_VALUES.map(({ name, value }) => [name, value]))).toEqual(Object.fromEntries(OF_3_2))
    expect(new Set(RETURN_VALUES.map(({ value }) => value)).size).toBe(RETURN_VALUES.length)
  })

  it('agrees with the header of 2.40 that pkcs11js was compiled with', () => {
    expect(OF_2_40.size).toBeGreaterThan(85)
    for (const [name, value] of OF_2_40) expect([name, OF_3_2.get(name)]).toEqual([name, value])
  })

  it('is what docs/pkcs11-errors.md says: node test/support/generate.ts', () => {
    expect(readFileSync(join(ROOT, RETURN_VALUES_FILE), 'utf8')).toBe(returnValuesDocument())
  })

  it.each([
    ['session', 'CKR_SESSION_HANDLE_INVALID', 'CKR_OPERATION_ACTIVE', 'CKR_BUFFER_TOO_SMALL'],
    ['login', 'CKR_USER_NOT_LOGGED_IN', 'CKR_KEY_HANDLE_INVALID', 'CKR_OBJECT_HANDLE_INVALID'],
    ['module', 'CKR_DEVICE_REMOVED', 'CKR_GENERAL_ERROR', 'CKR_TOKEN_NOT_PRESENT'],
    ['pin', 'CKR_PIN_INCORRECT', 'CKR_PIN_LOCKED', 'CKR_PIN_EXPIRED'],
    ['caller', 'CKR_MECHANISM_INVALID', 'CKR_ARGUMENTS_BAD', 'CKR_KEY_TYPE_INCONSISTENT'],
  ])('has class %s for %s, %s and %s', (fault, ...names) => {
    for (const name of names) expect(faultClass(thrown(name, OF_3_2.get(name) as number))).toBe(fault)
  })
})

describe('an error', () => {
  it('is judged by its number: pkcs11js has no name for what is newer than 2.40', () => {
    expect(faultClass(thrown('CKR_VENDOR_DEFINED', 0x42))).toBe('caller') // CKR_AEAD_DECRYPT_FAILED of 3.0
    expect(faultClass(thrown('CKR_VENDOR_DEFINED', 0x202))).toBe('session') // CKR_OPERATION_CANCEL_FAILED of 3.0
  })

  it('whose number is not in the table costs the module its trust', () => {
    expect(faultClass(thrown('CKR_VENDOR_DEFINED', 0x8000_0001))).toBe('module')
    expect(faultClass(thrown('CKR_VENDOR_DEFINED', 0x7777))).toBe('module')
  })

  it('of C_FindObjects is read as well, which pkcs11js throws in another form', () => {
    expect(faultClass(new Error('CKR_DEVICE_REMOVED:48'))).toBe('module')
    expect(faultClass(new Error('CKR_VENDOR_DEFINED:514'))).toBe('session')
  })

  it('that is not of PKCS#11 has no class', () => {
    expect(faultClass(new Error('they say CKR_DEVICE_REMOVED:48'))).toBeUndefined()
    expect(faultClass('CKR_DEVICE_REMOVED')).toBeUndefined()
  })
})

/** As pkcs11js makes it. */
function thrown(name: string, code: number): Error {
  return Object.assign(new Error(name), { name: 'Pkcs11Error', code })
}

/** Name → number, without success and without the mark from which on vendors count. */
function readHeader(path: string): Map<string, number> {
  const lines = readFileSync(join(ROOT, path), 'utf8').matchAll(/^#define (CKR_\w+)\s+0x([0-9A-Fa-f]+)/gm)
  const all = Array.from(lines, ([, name = '', value = '']): [string, number] => [name, Number.parseInt(value, 16)])
  return new Map(all.filter(([name]) => name !== 'CKR_OK' && name !== 'CKR_VENDOR_DEFINED'))
}
