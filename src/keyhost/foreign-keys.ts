/** Keys that were not made here: taken over in the token, or read from a file and sealed; and the end of any key. */
import { SealstoneError } from '#core'
import { encodePublicKey, findSuite, type SuiteId, SUITE_IDS } from '#suites'
import { borrowed, destroyKeyPair, findKeyPair, seal } from '#token'
import { checkKey } from './check-keys.ts'
import { type KeyMaterial, sealingContext } from './key-material.ts'
import { parsePrivateKeyInfo } from './private-key-info.ts'
import type { AdoptRequest, ImportRequest } from './protocol.ts'
import { encryptSecrets } from './recovery-blob.ts'
import { readSecretFile } from './secret-file.ts'
import type { KeyHostParts } from './sign-items.ts'
import { tokenFacts } from './token-facts.ts'

/** Throws KEY_UNKNOWN, KEY_UNUSABLE or SUITE_UNSUPPORTED. A composite is never built on it: its halves must be fresh and used nowhere else. */
export function adoptKey(parts: KeyHostParts, request: AdoptRequest): KeyMaterial {
  try {
    return takeOver(parts, request)
  } catch (thrown) {
    if (!(thrown instanceof SealstoneError) || thrown.code !== 'TOKEN_KEY_MISMATCH') throw thrown
    // Nothing of it was recorded before, so nobody has changed anything: it is a key that is not fit to be taken over.
    throw new SealstoneError('KEY_UNUSABLE', thrown.message, { cause: thrown, hint: UNFIT_HINT })
  }
}

function takeOver(parts: KeyHostParts, { keyId, version, object }: AdoptRequest): KeyMaterial {
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
export async function importKey(parts: KeyHostParts, { keyId, version, file, recipients = [] }: ImportRequest): Promise<KeyMaterial> {
  const { token, engine } = parts
  using content = readSecretFile(file, 'the key file')
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
  if (recipients.length === 0) return key
  using secret = borrowed(Buffer.from(imported.secret))
  return {
    ...key,
    recovery: await encryptSecrets(engine, key, { 'ml-dsa': secret }, recipients),
    protection: { ...key.protection, recoverable: true },
  }
}

/** The sealed seeds are the caller's to forget. */
export function destroyKeys({ token }: KeyHostParts, keys: readonly KeyMaterial[]): void {
  for (const { ckaId, mlDsaCkaId } of keys) for (const id of [ckaId, mlDsaCkaId]) if (id !== undefined) destroyKeyPair(token, id)
}

/** RSA is not among them: no OMS tool verifies it. */
function classicalSuite(algorithm: string): SuiteId {
  const able = SUITE_IDS.map(findSuite).filter(({ kind, canSign }) => kind === 'classical' && canSign)
  const suite = able.find(({ classical }) => classical === algorithm)
  if (suite !== undefined) return suite.id
  throw new SealstoneError('SUITE_UNSUPPORTED', `the key in the token is ${algorithm}, want one of ${able.map(({ id }) => id).join(', ')}`)
}

const UNFIT_HINT = 'it must be sensitive and not extractable, and its public key must be in the token with the same id'
