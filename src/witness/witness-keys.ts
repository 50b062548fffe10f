/** The keys of a witness, in software: two PKCS#8 files of mode 0600. What they sign is public and holds no secret; who steals them can cosign. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SealstoneError } from '#core'
import {
  type CosignedCheckpoint,
  encodeTimestampedSignature,
  type NoteSignature,
  type Witness,
  witnessKey,
  type WitnessKeyType,
  witnessMessage,
} from '#tlog'

export interface WitnessKeys extends Witness {
  /** One line by each key. The same time in both. */
  cosign(checkpoint: Omit<CosignedCheckpoint, 'name'>): NoteSignature[]
}

/** Both files, durable. Throws OUTPUT_EXISTS: a witness keeps its keys for life. */
export function createWitnessKeys(directory: string): void {
  writeKey(directory, 'cosignature-ed25519', generateKeyPairSync('ed25519').privateKey)
  writeKey(directory, 'ml-dsa-44', generateKeyPairSync('ml-dsa-44').privateKey)
}

/** Throws FILE_UNREADABLE, HOME_INSECURE for a file that others may read, KEY_INVALID for one that holds another key. */
export function readWitnessKeys(directory: string, name: string): WitnessKeys {
  const keys = (Object.keys(FILES) as WitnessKeyType[]).map((type) => {
    const privateKey = readKey(join(directory, FILES[type].file), type)
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
    return { privateKey, key: witnessKey({ name, type, publicKey: Uint8Array.from(spki.subarray(-FILES[type].publicKeyBytes)) }) }
  })
  return {
    name,
    keys: keys.map(({ key }) => key),
    cosign: (checkpoint) =>
      keys.map(({ privateKey, key: { type, keyId } }) => {
        const signature = sign(null, witnessMessage(type, { ...checkpoint, name }), privateKey)
        return { name, keyId, signature: encodeTimestampedSignature(checkpoint.timestampSeconds, signature) }
      }),
  }
}

function writeKey(directory: string, type: WitnessKeyType, key: KeyObject): void {
  const path = join(directory, FILES[type].file)
  try {
    writeFileSync(path, key.export({ format: 'pem', type: 'pkcs8' }), { flag: 'wx', mode: 0o600, flush: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw new SealstoneError('OUTPUT_UNWRITABLE', `${path} cannot be made (${code})`, { cause })
    // What trusts this witness trusts this key: nobody is told to remove it.
    const hint = 'run the witness that is there with: sealstone audit witness; for a new one name another directory'
    throw new SealstoneError('OUTPUT_EXISTS', `${path} is there already`, { cause, hint })
  }
}

function readKey(path: string, type: WitnessKeyType): KeyObject {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  if (mode === undefined) throw new SealstoneError('FILE_UNREADABLE', `there is no ${path}`, { hint: 'make it with: sealstone audit witness init' })
  if ((mode & 0o077) !== 0) throw new SealstoneError('HOME_INSECURE', `${path} has mode 0${(mode & 0o777).toString(8)}, want 0600`)
  const key = parseKey(path)
  const { nodeName } = FILES[type]
  if (key.asymmetricKeyType !== nodeName) throw new SealstoneError('KEY_INVALID', `${path} holds a key of ${key.asymmetricKeyType}, want ${nodeName}`)
  return key
}

function parseKey(path: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(path))
  } catch {
    throw new SealstoneError('KEY_INVALID', `${path} holds no private key`) // no cause: it may quote the file
  }
}

// RFC 8410 and RFC 9881: the raw public key is the end of the SPKI.
const FILES = {
  'cosignature-ed25519': { file: 'ed25519.pem', nodeName: 'ed25519', publicKeyBytes: 32 },
  'ml-dsa-44': { file: 'ml-dsa-44.pem', nodeName: 'ml-dsa-44', publicKeyBytes: 1312 },
} as const satisfies Record<WitnessKeyType, unknown>
