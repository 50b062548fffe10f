/** Reads what the caller trusts: a trust file, public keys or certificate roots. */
import { LIMITS, SealstoneError, toSealstoneError } from '#core'
import { parseTrustFile, type TrustFile, type TrustPolicy } from '#envelopes'
import { parsePublicKeyPem, type PublicKey } from '#suites'
import { nativeEngine } from '#suites/native'
import { readDocument, readRequired } from './read-document.ts'
import { rememberTrust } from './trust-memory.ts'

/** Paths of files; PEM for keys and roots, where a file may hold several. */
export type TrustSource =
  | { readonly kind: 'trust-file'; readonly path: string }
  | { readonly kind: 'public-key'; readonly paths: readonly string[] }
  | { readonly kind: 'trust-root'; readonly paths: readonly string[] }

export interface LoadTrustOptions {
  readonly now: Date
  /** Folder that remembers which trust files were used; without it an older file is not noticed. */
  readonly memory?: string
}

/**
 * What was loaded before passes through. Throws TRUST_MISSING, TRUST_INVALID, TRUST_EXPIRED, TRUST_ROLLBACK, KEY_INVALID, CERTIFICATE_INVALID,
 * FILE_UNREADABLE.
 */
export async function loadTrust(source: TrustSource | TrustPolicy, options: LoadTrustOptions): Promise<TrustPolicy> {
  if (!('path' in source || 'paths' in source)) return source
  switch (source.kind) {
    case 'trust-file': {
      const bytes = await readDocument(source.path, LIMITS.trustFileBytes)
      if (bytes === undefined) throw new SealstoneError('TRUST_MISSING', `there is no trust file at ${source.path}`)
      return { kind: 'trust-file', trust: await openTrustFile(bytes, options) }
    }
    case 'public-key': {
      const keys = await Promise.all(source.paths.map(async (path) => publicKeysOf(await readText(path), path)))
      return { kind: 'public-key', keys: keys.flat() }
    }
    case 'trust-root': {
      const roots = await Promise.all(source.paths.map(async (path) => certificatesOf(await readText(path), path)))
      return { kind: 'trust-root', roots: roots.flat() }
    }
  }
}

async function openTrustFile(bytes: Uint8Array, { now, memory }: LoadTrustOptions): Promise<TrustFile> {
  const trust = parseTrustFile(bytes, nativeEngine())
  if (Date.parse(trust.expiresAt) <= now.getTime()) throw new SealstoneError('TRUST_EXPIRED', `the trust file expired at ${trust.expiresAt}`)
  if (memory !== undefined) await rememberTrust(memory, trust)
  return trust
}

async function readText(path: string): Promise<string> {
  // A file of another kind, read by mistake, is answered as a PEM that is not valid and not as broken UTF-8.
  return new TextDecoder().decode(await readRequired(path, LIMITS.trustFileBytes))
}

function publicKeysOf(pem: string, path: string): PublicKey[] {
  const blocks = blocksOf(pem, 'PUBLIC KEY')
  if (blocks.length === 0) throw new SealstoneError('KEY_INVALID', `${path} holds no PEM public key`)
  return blocks.map(({ text }) => {
    try {
      return parsePublicKeyPem(text)
    } catch (cause) {
      const error = toSealstoneError(cause, 'KEY_INVALID')
      throw new SealstoneError(error.code, `${path}: ${error.message}`, { cause, hint: error.hint })
    }
  })
}

function certificatesOf(pem: string, path: string): Uint8Array[] {
  const blocks = blocksOf(pem, 'CERTIFICATE')
  if (blocks.length === 0) throw new SealstoneError('CERTIFICATE_INVALID', `${path} holds no PEM certificate`)
  return blocks.map(({ base64 }) => {
    try {
      return Uint8Array.fromBase64(base64)
    } catch (cause) {
      throw new SealstoneError('CERTIFICATE_INVALID', `a certificate in ${path} is not valid base64`, { cause })
    }
  })
}

// RFC 7468 §2: text outside of the boundaries is explanation and is ignored.
function blocksOf(pem: string, label: string): { text: string; base64: string }[] {
  const blocks = pem.matchAll(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`, 'g'))
  return Array.from(blocks, ([text, base64 = '']) => ({ text, base64 }))
}
