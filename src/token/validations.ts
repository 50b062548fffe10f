/** What the token says of its validations, FIPS 140 and Common Criteria: objects of class CKO_VALIDATION (PKCS#11 3.2). */
import { endianness } from 'node:os'
import { LIMITS, type TokenValidation, VALIDATION_AUTHORITIES, VALIDATION_TYPES } from '#core'
import { faultClass } from './cryptoki-errors.ts'
import type { Cryptoki, Handle } from './cryptoki-module.ts'
import { findObjects } from './find-objects.ts'
import { readAttribute } from './protection.ts'

/** Modules of older versions are not asked: they cannot have such objects, and a search takes time in a large token. */
export function mayTellValidations({ major, minor }: { readonly major: number; readonly minor: number }): boolean {
  return major > 3 || (major === 3 && minor >= 2)
}

/** In a stable order, and no more than a statement takes. What is no printable text, or no number of its kind, is left out. */
export function readValidations(cryptoki: Cryptoki, session: Handle): TokenValidation[] {
  const handles = findObjects(cryptoki, session, [{ type: CKA_CLASS, value: CKO_VALIDATION }])
  const found = handles.slice(0, MOST_LOOKED_AT).flatMap((handle) => readOne(cryptoki, session, handle) ?? [])
  return found.sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1)).slice(0, LIMITS.tokenValidations)
}

/** Undefined where neither a level nor a certificate is told: that says nothing. */
function readOne(cryptoki: Cryptoki, session: Handle, handle: Handle): TokenValidation | undefined {
  const read = (type: number): Buffer | undefined => readIfThere(cryptoki, session, handle, type)
  const level = smallNumber(read(CKA_VALIDATION_LEVEL))
  const certificate = printable(read(CKA_VALIDATION_CERTIFICATE_IDENTIFIER))
  if (level === undefined && certificate === undefined) return undefined
  const version = read(CKA_VALIDATION_VERSION)
  return {
    type: VALIDATION_TYPES[smallNumber(read(CKA_VALIDATION_TYPE)) ?? 0] ?? 'unspecified',
    authority: VALIDATION_AUTHORITIES[smallNumber(read(CKA_VALIDATION_AUTHORITY_TYPE)) ?? 0] ?? 'unspecified',
    ...(level === undefined ? {} : { level }),
    ...(version?.length === 2 ? { version: `${version[0]}.${version[1]}` } : {}),
    ...(certificate === undefined ? {} : { certificate }),
  }
}

function readIfThere(cryptoki: Cryptoki, session: Handle, handle: Handle, type: number): Buffer | undefined {
  try {
    return readAttribute(cryptoki, session, handle, type)
  } catch (error) {
    if (faultClass(error) === 'caller') return undefined
    throw error
  }
}

/** A CK_ULONG, of the machine's own size and order, if it is no larger than a statement takes. */
function smallNumber(bytes: Buffer | undefined): number | undefined {
  if (bytes === undefined || (bytes.length !== 8 && bytes.length !== 4)) return undefined
  const ordered = endianness() === 'LE' ? Buffer.from(bytes).reverse() : bytes
  const value = BigInt(`0x${ordered.toString('hex')}`)
  return value <= LIMITS.validationLevel ? Number(value) : undefined
}

/** Some tokens pad with blanks or end with a zero. */
function printable(bytes: Buffer | undefined): string | undefined {
  const text = bytes?.toString('latin1').replace(/[\0 ]+$/, '')
  return text !== undefined && text.length <= LIMITS.protectionText && /^[ -~]+$/.test(text) ? text : undefined
}

function nameOf({ type, authority, certificate = '', level = 0 }: TokenValidation): string {
  return [authority, certificate, type, String(level).padStart(3, '0')].join('\n')
}

// PKCS#11 3.2, pkcs11t.h.
const CKA_CLASS = 0x0
const CKO_VALIDATION = 0xa
const CKA_VALIDATION_TYPE = 0x61f
const CKA_VALIDATION_VERSION = 0x620
const CKA_VALIDATION_LEVEL = 0x621
const CKA_VALIDATION_AUTHORITY_TYPE = 0x624
const CKA_VALIDATION_CERTIFICATE_IDENTIFIER = 0x626
const MOST_LOOKED_AT = 16
