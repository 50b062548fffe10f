/** Verifies a model on disk against what the caller trusts, with no daemon and no network. */
import { defined, LIMITS, SealstoneError } from '#core'
import { hashingPlan, type RequiredProtection, type Requirement, type TrustPolicy, type Verdict, verifyModel } from '#envelopes'
import { type DigestCache, hashModel, type HashModelOptions, type HashProgress, type Manifest } from '#hashing'
import { nativeEngine } from '#suites/native'
import { readDocument, readRequired } from './read-document.ts'
import { type SignaturePaths, signaturePaths } from './signature-paths.ts'
import { loadTrust, type TrustSource } from './trust.ts'

export interface VerifyModelFilesOptions {
  /** Directory or single file. */
  readonly path: string
  /** Files to read it from, or what was read before. */
  readonly trust: TrustSource | TrustPolicy
  /** Path of `model.sig`; default: in the directory, or beside the single file. */
  readonly signature?: string
  /** Path of `model.hybrid.sig`; default: at the same place, but none where `signature` is given and no trust file. */
  readonly hybridSignature?: string
  /** Default: what the key in the trust file demands; without a trust file `hybrid`, but `classical` where only classical keys or certificate roots are trusted. */
  readonly require?: 'hybrid' | 'classical'
  /** How the key must be guarded, by the statement in the receipt: `token` or `hsm`. Default: in any way. */
  readonly requireProtection?: RequiredProtection
  /** Paths in the model that are not looked at, besides those that the signature names. */
  readonly ignorePaths?: readonly string[]
  /** Files that no signature names are accepted, with a warning, and not read. Default false. */
  readonly ignoreUnsignedFiles?: boolean
  /** Follow symbolic links to files. Default false, whatever the signature says. */
  readonly allowSymlinks?: boolean
  /** Real path of a directory: nothing of the model or its signatures is read outside of it, whatever links are put in the way. Linux only. */
  readonly within?: string
  /** Folder that remembers which trust files were used, so that an older one is refused; without it nothing is remembered. */
  readonly trustMemory?: string
  /** Default: the time of the call. */
  readonly now?: Date
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: HashProgress) => void
  /** Digests that were computed before are believed; the verdict warns of it. Default: every byte is read. */
  readonly cache?: DigestCache
}

/**
 * A bad signature, a wrong key and a changed file are answers with reasons, not errors.
 * Throws SIGNATURE_MISSING where there is no signature at all, what `loadTrust` throws, and what reading and hashing throw.
 */
export async function verifyModelFiles(options: VerifyModelFilesOptions): Promise<Verdict> {
  const signed = await openSignedModel(options)
  if (!signed.verdict.ok) return signed.verdict
  const { signal, onProgress, cache } = options
  return signed.judge(await hashModel(options.path, { ...signed.hashing, ...defined({ signal, onProgress, cache }) }))
}

/** A model whose signatures and trust were read once; what is left is to hash its files, here or where they were put meanwhile. */
export interface SignedModel {
  /** Of the signatures alone: `ok` says nothing of the files. They come first: an unsigned list of files is not worth hashing for, and must not steer what is read. */
  readonly verdict: Verdict
  /** How the files are listed and hashed so that they can be compared with the signature. */
  readonly hashing: HashModelOptions
  readonly judge: (manifest: Manifest) => Promise<Verdict>
}

/** Throws what `verifyModelFiles` throws, short of hashing. */
export async function openSignedModel(options: VerifyModelFilesOptions): Promise<SignedModel> {
  const paths = signaturePaths(options.path, options)
  const now = options.now ?? new Date()
  const trust = await loadTrust(options.trust, { now, ...(options.trustMemory === undefined ? {} : { memory: options.trustMemory }) })
  const signatures = await readSignatures(options, paths, trust)
  const request = {
    engine: nativeEngine(),
    ...signatures,
    trust,
    require: options.require ?? defaultRequirement(trust),
    ...(options.requireProtection === undefined ? {} : { requireProtection: options.requireProtection }),
    ignoreUnsignedFiles: options.ignoreUnsignedFiles ?? false,
    now,
  }
  const verdict = await verifyModel(request)
  if (!verdict.ok) return { verdict, hashing: {}, judge: async () => verdict }
  const { hashing, unsigned } = hashingAsSigned(signatures.bundle ?? signatures.hybrid, options, paths)
  return { verdict, hashing, judge: async (manifest) => withWarnings(await verifyModel({ ...request, manifest }), manifest, unsigned) }
}

function withWarnings(verdict: Verdict, manifest: Manifest, unsigned: ReadonlySet<string>): Verdict {
  const warnings = [
    ...verdict.warnings,
    ...(unsigned.size === 0 ? [] : [describeUnsigned(unsigned)]),
    ...(manifest.cached === undefined ? [] : [describeCached(manifest.cached, manifest.resources.length)]),
  ]
  return { ...verdict, warnings }
}

function describeCached({ count, oldest }: NonNullable<Manifest['cached']>, all: number): string {
  return `${count} of ${all} digests are from the cache, the oldest of ${oldest.toISOString()}: those files were not read; whoever can write the cache can lie`
}

async function readSignatures(
  options: VerifyModelFilesOptions,
  paths: SignaturePaths,
  trust: TrustPolicy,
): Promise<{ bundle?: Uint8Array; hybrid?: Uint8Array }> {
  // A file that the caller names must be there; others belong to the model only if they are.
  const read = (path: string, named: boolean) => (named ? readRequired : readDocument)(path, LIMITS.bundleBytes, options.within)
  const bundle = await read(paths.classical, options.signature !== undefined)
  const othersSignature = options.signature !== undefined && options.hybridSignature === undefined && trust.kind !== 'trust-file'
  const hybrid = othersSignature ? undefined : await read(paths.hybrid, options.hybridSignature !== undefined)
  if (bundle === undefined && hybrid === undefined) {
    throw new SealstoneError('SIGNATURE_MISSING', `there is no signature: neither ${paths.classical} nor ${paths.hybrid} is there`)
  }
  return { ...(bundle === undefined ? {} : { bundle }), ...(hybrid === undefined ? {} : { hybrid }) }
}

export function defaultRequirement(trust: TrustPolicy): Requirement {
  switch (trust.kind) {
    case 'trust-file':
      return 'key'
    case 'public-key':
      return trust.keys.every(({ suite }) => suite.kind === 'classical') ? 'classical' : 'hybrid'
    case 'trust-root':
      return 'classical'
  }
}

function hashingAsSigned(
  signature: Uint8Array = new Uint8Array(),
  options: VerifyModelFilesOptions,
  paths: SignaturePaths,
): { hashing: HashModelOptions; unsigned: ReadonlySet<string> } {
  const { serialization, defaultIgnores, dotName, names } = hashingPlan(signature)
  const signed = new Set(names)
  const unsigned = new Set<string>()
  const hashing = {
    hashType: serialization.hashType,
    method: serialization.method,
    ...(serialization.shardSize === undefined ? {} : { shardSize: serialization.shardSize }),
    allowSymlinks: options.allowSymlinks ?? false,
    defaultIgnores,
    ignorePaths: [...serialization.ignorePaths, ...(options.ignorePaths ?? [])],
    always: paths.insideModel,
    legacyDotName: dotName,
    allowEmpty: true,
    ...(options.ignoreUnsignedFiles === true ? { only: (name: string) => signed.has(name) || !unsigned.add(name) } : {}),
    ...(options.within === undefined ? {} : { within: options.within }),
  }
  return { hashing, unsigned }
}

function describeUnsigned(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, 3).map((name) => JSON.stringify(name))
  const more = names.size > shown.length ? ` and ${names.size - shown.length} more` : ''
  return `${names.size} file${names.size === 1 ? '' : 's'} not signed and ignored: ${shown.join(', ')}${more}`
}
