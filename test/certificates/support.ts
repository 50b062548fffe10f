/** What the tests of certificates share: keys that sign in software, and the documents that they sign. */
import { spawnSync } from 'node:child_process'
import { certificateRequest, type EncodedDocument, selfSignedCertificate, type SelfSignedOptions, type SignCallback } from '#certificates'
import { findSuite, sign, SUITE_IDS, type Suite } from '#suites'
import { nativeEngine } from '#suites/native'
import { nodeKey, type SoftwareKey } from '../suites/software-signer.ts'

export const engine = nativeEngine()
export const SIGNING_SUITES = SUITE_IDS.map(findSuite).filter(({ canSign }) => canSign)
/** Sealstone makes no such keys, but others sign requests with them, and the parameters of their algorithm are worth a judge. */
export const PSS_SUITES = (['rsa2048-pss', 'rsa3072-pss', 'rsa4096-pss'] as const).map(findSuite)
/** OpenSSL 3.0 knows these; composites are known to neither judge, ML-DSA to node:crypto. */
export const OPENSSL_KNOWS = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa2048-pss', 'rsa3072-pss', 'rsa4096-pss']

const keys = new Map<string, SoftwareKey>()

/** One key for each suite, made when it is first asked for. */
export function keyOf(suite: Suite): SoftwareKey {
  const known = keys.get(suite.id) ?? nodeKey(suite)
  keys.set(suite.id, known)
  return known
}

export function signerOf(suite: Suite): SignCallback {
  return async (bytes) => sign(engine, { ...suite, canSign: true }, keyOf(suite).signer, bytes)
}

export function requestOf(suite: Suite, subject = 'CN=default,O=Example'): Promise<EncodedDocument> {
  return certificateRequest(engine, { key: keyOf(suite).key, subject, sign: signerOf(suite) })
}

export function certificateOf(suite: Suite, options: Partial<SelfSignedOptions> = {}): Promise<EncodedDocument> {
  const defaults = {
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2046-01-01T00:00:00Z'),
    serial: 0x1234_5678_9abcn,
    codeSigning: true,
  }
  return selfSignedCertificate(engine, { key: keyOf(suite).key, subject: 'CN=default,O=Example', sign: signerOf(suite), ...defaults, ...options })
}

/** What the openssl command prints, standard error included; its failure fails the test. */
export function openssl(args: readonly string[], input?: string | Uint8Array): string {
  const { status, stdout, stderr, error } = spawnSync('openssl', args, { input: input === undefined ? '' : Buffer.from(input), encoding: 'utf8' })
  if (error !== undefined || status !== 0) throw new Error(`openssl ${args.join(' ')} ended with ${status}: ${stderr}`, { cause: error })
  return stdout + stderr
}
