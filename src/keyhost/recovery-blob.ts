/** The private parts of a key, encrypted to offline recipients (age, age-encryption.org/v1) and bound to the key that they belong to. */
import { timingSafeEqual } from 'node:crypto'
import { canonicalJsonBytes, isJsonObject, parseStrictJson, SealstoneError, utf8 } from '#core'
import { type Engine, fingerprint } from '#suites'
import { borrowed, type Borrowed, secretBuffer } from '#token'
import type { KeyMaterial } from './key-material.ts'

/** `ml-dsa`: the seed, or FIPS 204 `sk` of a key imported without one. `classical`: PKCS#8, DER. */
export type SecretPart = 'ml-dsa' | 'classical'
export type Secrets = { readonly [Part in SecretPart]?: Borrowed }

/** Whom a blob belongs to. */
type Owner = Pick<KeyMaterial, 'keyId' | 'version' | 'suite' | 'spki'>

/** @param recipients `age1…` and `age1pq1…`, at least one; each of them can open it */
export async function encryptSecrets(engine: Engine, owner: Owner, secrets: Secrets, recipients: readonly string[]): Promise<Uint8Array> {
  const parts = PARTS.flatMap((part) => (secrets[part] === undefined ? [] : [{ part, bytes: secrets[part].bytes }]))
  const header = canonicalJsonBytes({ ...ownerJson(engine, owner), parts: parts.map(({ part, bytes }) => ({ part, length: bytes.length })) })
  using plain = borrowed(secretBuffer(header.length + 1 + parts.reduce((sum, { bytes }) => sum + bytes.length, 0)))
  let at = 0
  for (const bytes of [header, utf8('\n'), ...parts.map((part) => part.bytes)]) {
    plain.bytes.set(bytes, at)
    at += bytes.length
  }
  const { Encrypter } = await loadAge()
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return await encrypter.encrypt(plain.bytes) // awaited here: it is wiped at the end of this scope
}

/** Wipe the parts after use. Throws RECOVERY_INVALID when no identity opens it, or it belongs to another key, version, suite or public key. */
export async function decryptSecrets(engine: Engine, owner: Owner, blob: Uint8Array, identities: readonly string[]): Promise<Secrets> {
  const what = `the recovery blob of key ${owner.keyId} version ${owner.version}`
  // The library's own memory, not a copy of it.
  const opened = await decrypt(what, blob, identities)
  using plain = borrowed(Buffer.from(opened.buffer, opened.byteOffset, opened.byteLength))
  const end = plain.bytes.indexOf(0x0a)
  if (end < 0 || end > MAX_HEADER_BYTES) throw invalid(`${what} has no header`)
  const { parts, ...found } = readHeader(what, plain.bytes.subarray(0, end))
  const wanted = canonicalJsonBytes(ownerJson(engine, owner))
  const is = canonicalJsonBytes(found)
  if (is.length !== wanted.length || !timingSafeEqual(is, wanted)) throw invalid(`${what} belongs to another key, version, suite or public key`)
  const length = parts.reduce((sum, part) => sum + part.length, end + 1)
  if (plain.bytes.length !== length) throw invalid(`${what} is ${plain.bytes.length} bytes, want ${length}`)
  const secrets: { [Part in SecretPart]?: Borrowed } = {}
  let at = end + 1
  for (const { part, length } of parts) {
    secrets[part] = borrowed(copyOf(plain.bytes.subarray(at, at + length)))
    at += length
  }
  return secrets
}

export function wipe(secrets: Secrets): void {
  for (const part of PARTS) secrets[part]?.[Symbol.dispose]()
}

/** When it is needed: loading it takes 40 ms, and callers wait for the start of a process when one was lost. */
async function loadAge() {
  return await import('age-encryption')
}

async function decrypt(what: string, blob: Uint8Array, identities: readonly string[]): Promise<Uint8Array> {
  const { Decrypter } = await loadAge()
  const decrypter = new Decrypter()
  try {
    for (const identity of identities) decrypter.addIdentity(identity)
  } catch {
    // The library's message may hold the identity.
    throw new SealstoneError('RECOVERY_INVALID', 'the identity file holds a line that is no age identity', {
      hint: 'want AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1…, one a line, and comments that begin with #',
    })
  }
  try {
    return await decrypter.decrypt(blob)
  } catch {
    throw new SealstoneError('RECOVERY_INVALID', `${what} does not open with this identity`, {
      hint: 'name the identity of one of the recipients that config.toml had when the key was made',
    })
  }
}

function ownerJson(engine: Engine, { keyId, version, suite, spki }: Owner) {
  return { purpose: 'sealstone recovery v1', keyId, version, suite, publicKey: fingerprint(engine, spki) }
}

function readHeader(what: string, bytes: Uint8Array): ReturnType<typeof ownerJson> & { parts: { part: SecretPart; length: number }[] } {
  const header = parseStrictJson(Buffer.from(bytes).toString('utf8'), { maxBytes: MAX_HEADER_BYTES })
  const parts = isJsonObject(header) && Array.isArray(header.parts) ? header.parts : []
  const isGood = parts.every(
    (part) => isJsonObject(part) && PARTS.some((name) => name === part.part) && Number.isSafeInteger(part.length) && Number(part.length) > 0,
  )
  const isTwice = parts.some((part, index) =>
    parts.slice(0, index).some((other) => isJsonObject(part) && isJsonObject(other) && part.part === other.part),
  )
  if (parts.length === 0 || !isGood || isTwice) throw invalid(`${what} names no parts`)
  return header as unknown as ReturnType<typeof readHeader>
}

function copyOf(bytes: Uint8Array): Buffer {
  const copy = secretBuffer(bytes.length)
  copy.set(bytes)
  return copy
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('RECOVERY_INVALID', message)
}

const PARTS = ['ml-dsa', 'classical'] as const
const MAX_HEADER_BYTES = 4096
