/** Finds a key pair that was in the token before us, by its id or its label, and says what it is. It is never moved or changed. */
import pkcs11js from 'pkcs11js'
import { SealstoneError } from '#core'
import { algorithmOf } from './algorithms.ts'
import { readPublicKey, type TokenKeyPair } from './key-pair.ts'
import { readAttribute, readProtection } from './protection.ts'
import type { Token, TokenSession } from './token.ts'

export interface KeyPairName {
  /** CKA_ID, lower-case hex. */
  readonly id?: string
  /** CKA_LABEL. */
  readonly label?: string
}

/**
 * Throws KEY_UNKNOWN where no private key has the name; KEY_UNUSABLE where several have it, or where the one cannot be used; SUITE_UNSUPPORTED for
 * other types; TOKEN_KEY_MISMATCH where its public key is not beside it.
 */
export function findKeyPair(token: Token, name: KeyPairName): TokenKeyPair & { readonly algorithm: string } {
  const found = token.run('look for a key', (on) => {
    const { cryptoki, session, objects } = on
    const handles = objects.wanted([
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
      { type: pkcs11js.CKA_TOKEN, value: true },
      ...(name.id === undefined ? [] : [{ type: pkcs11js.CKA_ID, value: Buffer.from(name.id, 'hex') }]),
      ...(name.label === undefined ? [] : [{ type: pkcs11js.CKA_LABEL, value: name.label }]),
    ])
    const [handle] = handles
    if (handle === undefined || handles.length > 1) {
      const code = handle === undefined ? 'KEY_UNKNOWN' : 'KEY_UNUSABLE'
      throw new SealstoneError(code, `the token has ${handles.length} private keys with ${describe(name)}, want 1`, {
        hint: 'list its objects with: pkcs11-tool --list-objects --login; name the key by its id',
      })
    }
    const ckaId = readAttribute(cryptoki, session, handle, pkcs11js.CKA_ID).toString('hex')
    if (ckaId === '') throw new SealstoneError('KEY_UNUSABLE', `the private key with ${describe(name)} has no CKA_ID`, { hint: 'give it one' })
    if (readAttribute(cryptoki, session, handle, pkcs11js.CKA_SIGN)[0] !== 1)
      throw new SealstoneError('KEY_UNUSABLE', `the private key with ${describe(name)} may not sign (CKA_SIGN)`, { hint: 'choose another key' })
    return { ckaId, algorithm: algorithmName(on, handle), protection: readProtection(cryptoki, session, handle) }
  })
  return { ...found, publicKey: readPublicKey(token, found.algorithm, found.ckaId) }
}

function algorithmName({ cryptoki, session }: TokenSession, handle: Buffer): string {
  const attribute = (type: number): Buffer | undefined => {
    try {
      return readAttribute(cryptoki, session, handle, type)
    } catch {
      return undefined // not an attribute of this type of key
    }
  }
  const keyType = attribute(pkcs11js.CKA_KEY_TYPE)?.readUInt32LE() ?? -1 // CK_ULONG in the order of the machine, and types are small
  const algorithm = algorithmOf(keyType, attribute(pkcs11js.CKA_EC_PARAMS), modulusBits(attribute(pkcs11js.CKA_MODULUS)))
  if (algorithm !== undefined) return algorithm
  throw new SealstoneError('SUITE_UNSUPPORTED', `the key in the token is of type 0x${keyType.toString(16)}`, {
    hint: 'ECDSA P-256, P-384 and P-521, and Ed25519 can be adopted',
  })
}

function modulusBits(modulus: Buffer | undefined): number | undefined {
  return modulus === undefined ? undefined : 8 * modulus.length
}

function describe({ id, label }: KeyPairName): string {
  return [...(id === undefined ? [] : [`id ${id}`]), ...(label === undefined ? [] : [`label ${JSON.stringify(label)}`])].join(' and ')
}
