/** Pins: what a person approved of a server without a signed manifest, one file for each server. Whoever can write them can approve. */
import { createHash } from 'node:crypto'
import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readDocument } from '#client/offline'
import {
  canonicalJson,
  canonicalJsonBytes,
  fromHex,
  type JsonObject,
  type JsonValue,
  LIMITS,
  parseStrictObject,
  readArray,
  readObject,
  readText,
  readWholeNumber,
  SealstoneError,
  utf8,
} from '#core'
import { writeFiles } from '#files'
import { offerDigest, sortedOffer } from './canonical-offer.ts'
import { type Offer, readOffer } from './offer.ts'

/** By what it is started or reached, and not by the name that it gives itself. */
export type PinTarget = { readonly command: string; readonly args: readonly string[] } | { readonly url: string }

export interface Pin {
  readonly target: PinTarget
  readonly offer: Offer
  /** Hex SHA-256 of the canonical offer. */
  readonly digest: string
  /** RFC 3339 in UTC. */
  readonly approvedAt: string
}

/**
 * Undefined where this server was never approved. @param folder of the pins
 * Throws APPROVAL_INVALID for a file that is damaged, of another server, or open to others; FILE_UNREADABLE, INPUT_TOO_LARGE.
 */
export async function readPin(folder: string, target: PinTarget): Promise<Pin | undefined> {
  const path = pinPath(folder, target)
  const bytes = await readDocument(path, MAX_BYTES)
  if (bytes === undefined) return undefined
  await refuseOpenToOthers(folder)
  await refuseOpenToOthers(path)
  try {
    const pin = parsePin(bytes)
    if (canonicalJson(targetJson(pin.target)) !== canonicalJson(targetJson(target)))
      throw new SealstoneError('FORMAT_INVALID', 'it is of another server')
    return pin
  } catch (cause) {
    const reason = cause instanceof SealstoneError ? cause.message : String(cause)
    throw new SealstoneError('APPROVAL_INVALID', `the pin ${path} is not valid: ${reason}`, { cause })
  }
}

/** Replaces an earlier pin of the same server, and durably. Throws OUTPUT_UNWRITABLE, APPROVAL_INVALID for a folder that is open to others, and as `offerDigest`. */
export async function writePin(folder: string, { target, offer, approvedAt }: Omit<Pin, 'digest'>): Promise<Pin> {
  const digest = offerDigest(offer)
  const bytes = canonicalJsonBytes({ version: 1, target: targetJson(target), digest, approvedAt, offer: sortedOffer(offer) })
  const path = pinPath(folder, target)
  await makeFolder(folder)
  await refuseOpenToOthers(folder)
  await writeFiles([{ path, bytes: Uint8Array.from([...bytes, 0x0a]) }], { mode: 0o600 })
  return { target, offer, digest, approvedAt }
}

/** Strict: a file that was cut or edited does not have the digest that it names. Throws FORMAT_INVALID, JSON_INVALID, OFFER_INVALID, INPUT_TOO_LARGE. */
export function parsePin(bytes: Uint8Array): Pin {
  const document = parseStrictObject(bytes, { maxBytes: MAX_BYTES, maxDepth: LIMITS.jsonDepth, maxValues: LIMITS.offerValues * 2 })
  readObject(document, 'pin', ['version', 'target', 'digest', 'approvedAt', 'offer'])
  readWholeNumber(document, 'version', 1, 1)
  const approvedAt = readText(document, 'approvedAt', 64)
  if (Number.isNaN(Date.parse(approvedAt))) throw new SealstoneError('FORMAT_INVALID', 'approvedAt is not a time')
  const digest = readText(document, 'digest', 64)
  fromHex(digest, 32)
  const offer = readOffer(document['offer'])
  if (offerDigest(offer) !== digest) throw new SealstoneError('FORMAT_INVALID', 'its digest is not that of what it holds')
  return { target: readTarget(document['target']), offer, digest, approvedAt }
}

export function pinPath(folder: string, target: PinTarget): string {
  return join(
    folder,
    `${createHash('sha256')
      .update(utf8(canonicalJson(targetJson(target))))
      .digest('hex')}.json`,
  )
}

function targetJson(target: PinTarget): JsonObject {
  return 'url' in target ? { url: target.url } : { command: target.command, args: target.args }
}

function readTarget(value: JsonValue | undefined): PinTarget {
  const object = readObject(value, 'target', [], ['command', 'args', 'url'])
  if (object['url'] !== undefined) return { url: readText(readObject(object, 'target', ['url']), 'url', MAX_ARGUMENT) }
  readObject(object, 'target', ['command', 'args'])
  const args = readArray(object, 'args', 0, 10_000).map((argument) => {
    if (typeof argument !== 'string') throw new SealstoneError('FORMAT_INVALID', 'an argument of the command is no text')
    return argument
  })
  return { command: readText(object, 'command', MAX_ARGUMENT), args }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new SealstoneError('OUTPUT_UNWRITABLE', `${folder} cannot be made (${(cause as NodeJS.ErrnoException).code})`, { cause })
  }
}

/** Not even readable: arguments of a command may hold a secret. */
async function refuseOpenToOthers(path: string): Promise<void> {
  const { mode, uid } = await lstat(path)
  if ((mode & 0o077) !== 0 && process.platform !== 'win32')
    throw new SealstoneError('APPROVAL_INVALID', `${path} is open to others (mode ${(mode & 0o777).toString(8)})`, {
      hint: `close it with: chmod go= ${path}`,
    })
  const ours = process.getuid?.()
  if (ours !== undefined && uid !== ours && uid !== 0) throw new SealstoneError('APPROVAL_INVALID', `${path} belongs to another user`)
}

const MAX_ARGUMENT = 131_072 // Linux takes no longer ones
const MAX_BYTES = LIMITS.offerBytes * 2
