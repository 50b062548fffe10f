/** Sign and Verify: domain types to messages and back. */
import { randomUUID } from 'node:crypto'
import { defined, fromHex, isErrorCode, parseOperationId, SealstoneError, utf8 } from '#core'
import type { Verdict } from '#envelopes'
import { hashModel, type Manifest } from '#hashing'
import {
  CHECK_STATUSES,
  DIFFERENCE_KINDS,
  fromEnum,
  fromTimestamp,
  HASH_TYPES,
  METHODS,
  type ManifestInit,
  REQUIREMENTS,
  type SignBatchResponse,
  type SignRequestInit,
  type SignResponse,
  toTimestamp,
  type Verdict as VerdictMessage,
} from '#wire'
import type { Channel } from './channel.ts'
import type { CallOptions } from './options.ts'
import type { BatchResult, SignAnswer, SignContent, SignRequest, VerifyRequest } from './signing-types.ts'

/** Hashes a model here; a retry within the call sends the same idempotency key. */
export async function sign(channel: Channel, request: SignRequest, options: CallOptions = {}): Promise<SignAnswer> {
  const { message, manifest } = await toMessage(request, options.signal)
  const answer = await channel.unary<SignResponse>((callOptions, done) => channel.signing.sign(message, callOptions, done), options)
  return { ...fromSignResponse(answer), idempotencyKey: message.idempotencyKey, ...defined({ manifest }) }
}

/** Models are hashed one after the other. */
export async function signBatch(channel: Channel, requests: readonly SignRequest[], options: CallOptions = {}): Promise<BatchResult[]> {
  const prepared: Awaited<ReturnType<typeof toMessage>>[] = []
  for (const request of requests) prepared.push(await toMessage(request, options.signal))
  const message = { requests: prepared.map((one) => one.message) }
  const { results } = await channel.unary<SignBatchResponse>((callOptions, done) => channel.signing.signBatch(message, callOptions, done), options)
  if (results.length !== requests.length) throw new SealstoneError('INTERNAL', `the daemon answered ${results.length} of ${requests.length} requests`)
  return results.map(({ response = null, failure = null }, at) => {
    const one = prepared[at]
    if (response !== null && one !== undefined) {
      const answer = { ...fromSignResponse(response), idempotencyKey: one.message.idempotencyKey, ...defined({ manifest: one.manifest }) }
      return { ok: true, answer }
    }
    const code = failure !== null && isErrorCode(failure.code) ? failure.code : 'INTERNAL'
    return { ok: false, error: new SealstoneError(code, failure?.message, { ...defined({ hint: failure?.hint }) }) }
  })
}

async function toMessage(
  request: SignRequest,
  signal: AbortSignal | undefined,
): Promise<{ readonly message: SignRequestInit & { readonly idempotencyKey: string }; readonly manifest: Manifest | undefined }> {
  const idempotencyKey = request.idempotencyKey ?? randomUUID()
  const { manifest, content } = await toContent(request.content, signal)
  const hashTickets = Object.entries(request.hashTickets ?? {}).map(([name, ticket]) => ({ name, ticket }))
  return {
    message: {
      key: request.key ?? 'default',
      keyVersion: request.keyVersion ?? 0,
      idempotencyKey,
      hashTickets,
      ...cachedDigests(manifest),
      ...content,
    },
    manifest,
  }
}

function cachedDigests(manifest: Manifest | undefined): Pick<SignRequestInit, 'cachedDigests'> {
  if (manifest?.cached === undefined) return {}
  return { cachedDigests: { count: manifest.cached.count, oldest: toTimestamp(manifest.cached.oldest) } }
}

export async function verifyRemote(channel: Channel, request: VerifyRequest, options?: CallOptions): Promise<Verdict> {
  const message = {
    ...(request.modelSig === undefined ? {} : { modelSig: request.modelSig }),
    ...(request.hybridSig === undefined ? {} : { modelHybridSig: request.hybridSig }),
    ...(request.manifest === undefined ? {} : { manifest: toManifest(request.manifest) }),
    ...(request.require === undefined ? {} : { requirement: REQUIREMENTS[request.require] }),
  }
  const { verdict } = await channel.unary<{ verdict: VerdictMessage | null }>(
    (callOptions, done) => channel.signing.verify(message, callOptions, done),
    options,
  )
  if (verdict === null) throw new SealstoneError('INTERNAL', 'the daemon answered no verdict')
  return fromVerdict(verdict)
}

async function toContent(
  content: SignContent,
  signal: AbortSignal | undefined,
): Promise<{ manifest?: Manifest; content: Pick<SignRequestInit, 'manifest' | 'statement' | 'content'> }> {
  if (content.kind === 'statement') {
    const subjects = content.subjects.map(({ name, sha256 }) => ({ name, sha256: fromHex(sha256, 32) }))
    const predicate = utf8(JSON.stringify(content.predicate))
    return { content: { content: 'statement', statement: { predicateType: content.predicateType, predicate, subjects } } }
  }
  const manifest = content.kind === 'manifest' ? content.manifest : await hashHere(content, signal)
  return { manifest, content: { content: 'manifest', manifest: toManifest(manifest) } }
}

function hashHere(content: Extract<SignContent, { kind: 'model' }>, signal: AbortSignal | undefined): Promise<Manifest> {
  const { path, hashing, onProgress } = content
  return hashModel(path, { ...hashing, ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) })
}

function toManifest({ modelName, resources, serialization }: Manifest): ManifestInit {
  return {
    modelName,
    serialization: {
      method: METHODS[serialization.method],
      hashType: HASH_TYPES[serialization.hashType],
      ...(serialization.shardSize === undefined ? {} : { shardSize: String(serialization.shardSize) }),
      allowSymlinks: serialization.allowSymlinks,
      ignorePaths: [...serialization.ignorePaths],
    },
    resources: resources.map(({ name, digest, size }) => ({ name, digest, size: String(size) })),
  }
}

function fromSignResponse(answer: SignResponse): Omit<SignAnswer, 'idempotencyKey' | 'manifest'> {
  if (answer.receipt === null) throw new SealstoneError('INTERNAL', 'the daemon answered no receipt')
  return {
    operationId: parseOperationId(answer.operationId),
    ...(answer.modelSig.length === 0 ? {} : { modelSig: Uint8Array.from(answer.modelSig) }),
    hybridSig: Uint8Array.from(answer.modelHybridSig),
    receipt: { leaf: Uint8Array.from(answer.receipt.leaf), proof: answer.receipt.proof },
    leafIndex: BigInt(answer.leafIndex),
    replayed: answer.replayed,
  }
}

function fromVerdict(verdict: VerdictMessage): Verdict {
  const { ok, checks, signer, statement, differences, warnings } = verdict
  return {
    ok,
    checks: checks.map(({ name, status, reason }) => ({
      name: name as Verdict['checks'][number]['name'],
      status: fromEnum<Verdict['checks'][number]['status']>(CHECK_STATUSES, status) ?? 'failed', // one that we cannot read counts against it
      reason,
    })),
    ...(signer === null ? {} : { signer: fromSigner(signer) }),
    ...(statement === null ? {} : { statement }),
    differences: differences.map(({ name, kind, want, got }) => ({
      name,
      kind: fromEnum<Verdict['differences'][number]['kind']>(DIFFERENCE_KINDS, kind) ?? 'changed',
      ...(want === '' ? {} : { want }),
      ...(got === '' ? {} : { got }),
    })),
    warnings,
  }
}

function fromSigner(signer: NonNullable<VerdictMessage['signer']>): NonNullable<Verdict['signer']> {
  const { keyName, keyVersion, suite, fingerprint, certificateSubject, signedAt } = signer
  return {
    ...(keyName === '' ? {} : { keyName, keyVersion }),
    suite,
    fingerprint,
    ...(certificateSubject === '' ? {} : { certificateSubject }),
    ...(signedAt === null ? {} : { signedAt: fromTimestamp(signedAt).toISOString() }),
  } as NonNullable<Verdict['signer']>
}
