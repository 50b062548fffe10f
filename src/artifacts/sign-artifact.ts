/** Has the daemon sign an artifact; what comes of it is written by the caller. */
import type { Client, SignAnswer, SignContent } from '#client'
import { hashModel, type HashModelOptions, rootDigest, signaturePaths } from '#client/offline'
import { defined, SealstoneError, toHex } from '#core'
import { type Artifact, unsignedFiles } from './artifact.ts'
import { describeArtifact, toContent } from './statement.ts'

export interface SignArtifactOptions {
  readonly key: string
  /** Default is the newest that may sign. */
  readonly keyVersion?: number
  readonly signal?: AbortSignal
  /** Of the hashing of a skill. */
  readonly onProgress?: NonNullable<HashModelOptions['onProgress']>
}

export interface SignedArtifact {
  readonly name: string
  readonly version?: string
  /** Hex SHA-256: of a bundle's bytes, of a card's canonical form, of the digests of a skill's files. */
  readonly sha256: string
  readonly answer: SignAnswer
  /** Undefined content: there must be no such file. */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array | undefined }[]
}

/** Throws what reading the artifact throws, and what `sign` of the client throws. */
export async function signArtifact(client: Client, artifact: Artifact, options: SignArtifactOptions): Promise<SignedArtifact> {
  const { content, ...facts } = artifact.kind === 'skill' ? await skillContent(artifact, options) : await statementContent(artifact, options)
  const { key, keyVersion, signal } = options
  const answer = await client.sign({ key, content, ...defined({ keyVersion }) }, defined({ signal }))
  const oms = artifact.kind === 'skill' ? [{ path: artifact.signature, bytes: answer.modelSig }] : []
  return { ...facts, answer, files: [{ path: artifact.hybridSignature, bytes: answer.hybridSig }, ...oms] }
}

interface Content {
  readonly name: string
  readonly version?: string
  readonly sha256: string
  readonly content: SignContent
}

async function statementContent(artifact: Artifact & { kind: 'mcpb' | 'agent-card' }, { signal }: SignArtifactOptions): Promise<Content> {
  const statement = await describeArtifact(artifact, signal)
  return { name: statement.name, version: statement.version, sha256: statement.sha256, content: toContent(statement) }
}

/** As a model: every file, but for both signatures, which the signed list of ignored paths names so that other tools leave them out too. */
async function skillContent(skill: Artifact & { kind: 'skill' }, { signal, onProgress }: SignArtifactOptions): Promise<Content> {
  const { path, signature, hybridSignature } = skill
  const [unsigned] = await unsignedFiles(skill)
  if (unsigned !== undefined)
    throw new SealstoneError('FORMAT_INVALID', `the skill has a ${unsigned}, which is never a part of what is signed`, {
      hint: 'take it out, or name it otherwise',
    })
  const { insideModel } = signaturePaths(path, { signature, hybridSignature })
  const manifest = await hashModel(path, { always: insideModel, ...defined({ signal, onProgress }) })
  return { name: manifest.modelName, sha256: toHex(rootDigest(manifest.resources)), content: { kind: 'manifest', manifest } }
}
