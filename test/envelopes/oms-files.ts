/** The published OMS fixtures, and copies of them on disk that a test may damage. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashingPlan, type TrustPolicy, type Verdict, verifyModel } from '#envelopes'
import { hashModel, type Manifest } from '#hashing'
import { parsePublicKeyPem } from '#suites'
import { nativeEngine } from '#suites/native'
import { temporaryFolder } from '../support/temporary.ts'

export const OMS = join(import.meta.dirname, '../vectors/oms')
const FIXTURES = join(OMS, 'model-transparency')

// certtool puts a description in front of the PEM block.
const [, publicPem = ''] = readFileSync(join(FIXTURES, 'keys/certificate/signing-key-pub.pem'), 'utf8').split(/(?=-----BEGIN)/)
const publicKey = parsePublicKeyPem(publicPem)
const root = pemBytes(readFileSync(join(FIXTURES, 'keys/certificate/ca-cert.pem'), 'utf8'))

export const byKey: TrustPolicy = { kind: 'public-key', keys: [publicKey] }
export const byRoot: TrustPolicy = { kind: 'trust-root', roots: [root] }

export interface SignedModel {
  /** Directory, or the one file of a single-file model. */
  readonly path: string
  readonly folder: string
  bundle: Uint8Array
  /** What the verifier leaves out, besides what the signature names. */
  readonly ignore: readonly string[]
}

/** A fresh, writable copy. */
export function fixture(name: string, singleFile = false, ignore: readonly string[] = []): SignedModel {
  const folder = join(temporaryFolder(), name)
  cpSync(join(FIXTURES, name), folder, { recursive: true })
  return { path: singleFile ? join(folder, 'signme-1') : folder, folder, bundle: new Uint8Array(readFileSync(join(folder, 'model.sig'))), ignore }
}

/** Hashes as the bundle says and verifies, as a client does. */
export async function verifyFixture(
  model: SignedModel,
  trust: TrustPolicy,
  options: { now?: Date; ignoreUnsignedFiles?: boolean } = {},
): Promise<Verdict> {
  const manifest = await hashAsSigned(model)
  const { now = new Date('2026-06-01T00:00:00Z'), ...rest } = options
  return verifyModel({ engine: nativeEngine(), bundle: model.bundle, trust, require: 'classical', manifest, now, ...rest })
}

async function hashAsSigned({ path, bundle, ignore }: SignedModel): Promise<Manifest> {
  const { serialization, dotName } = hashingPlan(bundle)
  const { method, hashType, shardSize } = serialization
  const ignorePaths = [...serialization.ignorePaths, ...ignore]
  return hashModel(path, {
    method,
    hashType,
    ignorePaths,
    legacyDotName: dotName,
    allowEmpty: true,
    ...(shardSize === undefined ? {} : { shardSize }),
  })
}

export function checkOf(verdict: Verdict, name: string): string {
  const check = verdict.checks.find((candidate) => candidate.name === name)
  return `${check?.status}: ${check?.reason}`
}

/** The bundle with its JSON changed. */
export function editBundle(bundle: Uint8Array, edit: (document: MutableBundle) => void): Uint8Array {
  const document = JSON.parse(Buffer.from(bundle).toString()) as MutableBundle
  edit(document)
  return Buffer.from(JSON.stringify(document))
}

export type MutableBundle = {
  mediaType: string
  verificationMaterial: Record<string, unknown>
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid?: string | null }[] }
}

function pemBytes(pem: string): Uint8Array {
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
}
