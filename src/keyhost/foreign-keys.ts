/** Keys that were not made here: taken over in the token, or read from a file and sealed; and the end of any key. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { SealstoneError, toSealstoneError } from '#core'
import { encodePublicKey, findSuite, type SuiteId, SUITE_IDS } from '#suites'
import { type Borrowed, borrowed, destroyKeyPair, findKeyPair, seal, secretBuffer } from '#token'
import { checkKey } from './check-keys.ts'
import { type KeyMaterial, sealingContext } from './key-material.ts'
import { parsePrivateKeyInfo } from './private-key-info.ts'
import type { AdoptRequest, ImportRequest } from './protocol.ts'
import type { KeyHostParts } from './sign-items.ts'

/** Throws TOKEN_KEY_MISMATCH or SUITE_UNSUPPORTED. A composite is never built on it: its halves must be fresh and used nowhere else. */
export function adoptKey(parts: KeyHostParts, { keyId, version, object }: AdoptRequest): KeyMaterial {
  const { token } = parts
  if (object.id === undefined && object.label === undefined)
    throw new SealstoneError('TOKEN_URI_INVALID', 'neither the id nor the label of the key is given')
  const { ckaId, algorithm, publicKey, protection } = findKeyPair(token, object)
  const suite = findSuite(classicalSuite(algorithm))
  const { spki } = encodePublicKey(suite, publicKey)
  const key: KeyMaterial = {
    keyId,
    version,
    suite: suite.id,
    spki,
    ckaId,
    protection: { ...tokenFacts(parts), halves: [{ role: 'classical', location: 'token', ...protection }] },
  }
  checkKey(parts, key)
  return key
}

/** The private key is in this process only while it is sealed. Throws KEY_INVALID, FILE_UNREADABLE, INPUT_TOO_LARGE or TOKEN_*. */
export function importKey(parts: KeyHostParts, { keyId, version, file }: ImportRequest): KeyMaterial {
  const { token, engine } = parts
  using content = readSecretFile(file)
  using imported = parsePrivateKeyInfo(engine, content.bytes)
  const { suite, spki } = imported.publicKey
  const identity = { keyId, version, suite: suite.id, spki }
  const sealed = seal(token, imported.secret, sealingContext(engine, identity))
  const key: KeyMaterial = {
    ...identity,
    sealedSeed: sealed.blob,
    protection: {
      ...tokenFacts(parts),
      halves: [{ role: 'ml-dsa', location: 'sealed', sealing: sealed.blob.sealing, ...sealed.protection }],
    },
  }
  checkKey(parts, key)
  return key
}

/** The sealed seeds are the caller's to forget. */
export function destroyKeys({ token }: KeyHostParts, keys: readonly KeyMaterial[]): void {
  for (const { ckaId, mlDsaCkaId } of keys) for (const id of [ckaId, mlDsaCkaId]) if (id !== undefined) destroyKeyPair(token, id)
}

function tokenFacts({ token }: KeyHostParts): Pick<KeyMaterial['protection'], 'module' | 'tokenModel' | 'tokenSerial'> {
  return { module: token.info.module, tokenModel: token.info.model, tokenSerial: token.info.serial }
}

/** RSA is not among them: no OMS tool verifies it. */
function classicalSuite(algorithm: string): SuiteId {
  const able = SUITE_IDS.map(findSuite).filter(({ kind, canSign }) => kind === 'classical' && canSign)
  const suite = able.find(({ classical }) => classical === algorithm)
  if (suite !== undefined) return suite.id
  throw new SealstoneError('SUITE_UNSUPPORTED', `the key in the token is ${algorithm}, want one of ${able.map(({ id }) => id).join(', ')}`)
}

function readSecretFile(path: string): Borrowed {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const error = toSealstoneError(cause, 'FILE_UNREADABLE', `the key file cannot be read (${(cause as NodeJS.ErrnoException).code})`)
    throw error
  }
  try {
    const stats = fstatSync(file)
    const { size, mode } = stats
    // A FIFO would be waited for, and everything else that waits for this process with it.
    if (!stats.isFile()) throw new SealstoneError('FILE_UNREADABLE', 'the key file is not a regular file')
    if ((mode & 0o077) !== 0) throw new SealstoneError('FILE_UNREADABLE', 'the key file is open to others', { hint: 'chmod 600 it' })
    if (size > MAX_KEY_FILE_BYTES) throw new SealstoneError('INPUT_TOO_LARGE', `the key file is ${size} bytes, want at most ${MAX_KEY_FILE_BYTES}`)
    const bytes = secretBuffer(size)
    if (readSync(file, bytes, 0, size, 0) === size) return borrowed(bytes)
    borrowed(bytes)[Symbol.dispose]()
    throw new SealstoneError('FILE_UNREADABLE', 'the key file became shorter while it was read')
  } finally {
    closeSync(file)
  }
}

const MAX_KEY_FILE_BYTES = 65_536
