/** Judges an artifact by the signature beside it, offline: a verdict with every reason, as for models. */
import { lstat } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  type Check,
  type FileDifference,
  loadTrust,
  type TrustSource,
  type Verdict,
  verifyModelFiles,
  verifyStatementFile,
  type VerifyStatementOptions,
} from '#client/offline'
import { canonicalJson, defined, isJsonObject, type JsonValue, toSealstoneError } from '#core'
import { CARD_PREDICATE_TYPE, diffCards } from './agent-card.ts'
import { type ArtifactKind, type FileArtifact, kindOfFile, type SkillArtifact, signatureOf, skillAt, unsignedFiles } from './artifact.ts'
import { BUNDLE_PREDICATE_TYPE } from './bundle.ts'
import { openArtifact } from './open-artifact.ts'
import { type ArtifactStatement, describeArtifact } from './statement.ts'

export interface VerifyArtifactOptions extends Omit<VerifyStatementOptions, 'predicateType' | 'trust'> {
  readonly trust: TrustSource
  /** Default: beside the file, or in the directory of the skill. */
  readonly hybridSignature?: string
  readonly signal?: AbortSignal
}

export interface ArtifactVerdict {
  readonly kind: ArtifactKind
  readonly verdict: Verdict
  /** As it names itself, if the verdict is good. */
  readonly name?: string
  readonly version?: string
}

/** Throws SIGNATURE_MISSING, FILE_UNREADABLE, and what `loadTrust` throws. */
export async function verifyArtifact(given: string, options: VerifyArtifactOptions): Promise<ArtifactVerdict> {
  const skill = await skillAt(given)
  return skill === undefined ? await verifyFile(resolve(given), options) : await verifySkill(skill, options)
}

/** Skills of others have an OMS bundle alone. */
async function verifySkill(skill: SkillArtifact, { hybridSignature, ...options }: VerifyArtifactOptions): Promise<ArtifactVerdict> {
  const signature = (await isThere(skill.signature)) ? skill.signature : undefined
  const hybrid = hybridSignature ?? ((await isThere(skill.hybridSignature)) || signature === undefined ? skill.hybridSignature : undefined)
  const judged = await verifyModelFiles({ path: skill.path, ...options, ...defined({ signature, hybridSignature: hybrid }) })
  const extra = (judged.ok ? await unsignedFiles(skill) : []).map((name) => ({ name, kind: 'extra' as const }))
  const verdict = extra.length === 0 ? judged : withFiles(judged, [{ reason: `${extra.length} extra`, differences: extra }])
  return { kind: 'skill', verdict, ...(verdict.ok && verdict.statement ? { name: verdict.statement.modelName } : {}) }
}

/** The signature says what it is of: a bundle that was overwritten with something else is a changed bundle. */
async function verifyFile(
  path: string,
  { hybridSignature = signatureOf(path), signal, ...options }: VerifyArtifactOptions,
): Promise<ArtifactVerdict> {
  const guess = await kindOfFile(path)
  const trust = await loadTrust(options.trust, { now: options.now ?? new Date(), ...defined({ memory: options.trustMemory }) })
  const kinds: readonly FileArtifact['kind'][] = guess === 'agent-card' ? ['agent-card', 'mcpb'] : ['mcpb', 'agent-card']
  const judged = []
  for (const kind of kinds)
    judged.push({ kind, ...(await verifyStatementFile(hybridSignature, { ...options, trust, predicateType: PREDICATE_TYPES[kind] })) })
  const chosen = judged.find(({ verdict }) => verdict.checks.some(({ name, status }) => name === 'bundle-format' && status === 'passed')) ?? judged[0]
  const { kind, verdict, statement } = chosen as (typeof judged)[number]
  if (statement === undefined) return { kind, verdict }
  const [subject] = statement.subjects
  const compared = await compare({ kind, path }, { ...statement, sha256: subject?.sha256 ?? '' }, signal)
  if ('faults' in compared) return { kind, verdict: withFiles(verdict, compared.faults) }
  return { kind, verdict: withFiles(verdict, []), name: compared.name, version: compared.version }
}

interface Fault {
  readonly reason: string
  readonly differences: readonly FileDifference[]
}

async function compare(
  artifact: Pick<FileArtifact, 'kind' | 'path'>,
  signed: { readonly predicate: JsonValue; readonly sha256: string },
  signal: AbortSignal | undefined,
): Promise<ArtifactStatement | { readonly faults: readonly Fault[] }> {
  const changed = (got: string): FileDifference => ({ name: artifact.path, kind: 'changed', want: `sha256:${signed.sha256}`, got: `sha256:${got}` })
  if (artifact.kind === 'mcpb') {
    // Before anything looks into it.
    await using file = await openArtifact(artifact.path)
    const sha256 = await file.sha256(signal)
    if (sha256 !== signed.sha256) return { faults: [{ reason: '1 changed', differences: [changed(sha256)] }] }
  }
  let found: ArtifactStatement
  try {
    found = await describeArtifact(artifact, signal)
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    if (!CONTENT_FAULTS.has(error.code)) throw thrown
    return { faults: [{ reason: error.message, differences: [] }] }
  }
  if (found.sha256 !== signed.sha256)
    return { faults: [{ reason: 'the card is not the signed one', differences: [changed(found.sha256), ...members(signed.predicate, found)] }] }
  if (canonicalJson(found.predicate) !== canonicalJson(signed.predicate))
    return { faults: [{ reason: 'the statement says something else than the file', differences: [] }] }
  return found
}

function members(signed: JsonValue, { predicate }: ArtifactStatement): FileDifference[] {
  const [before, now] = [isJsonObject(signed) ? signed['card'] : undefined, predicate['card']]
  return isJsonObject(before) && isJsonObject(now) ? diffCards(before, now).slice(0, MOST_MEMBERS) : []
}

/** A statement that is of no model says nothing of files, so its verdict was not finished. */
function withFiles(verdict: Verdict, faults: readonly Fault[]): Verdict {
  const [fault] = faults
  const files: Check = { name: 'files', status: fault === undefined ? 'passed' : 'failed', reason: fault?.reason ?? 'as signed' }
  return {
    ...verdict,
    ok: verdict.ok && fault === undefined,
    checks: verdict.checks.map((check) => (check.name === 'files' ? files : check)),
    differences: fault?.differences ?? [],
  }
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}

const PREDICATE_TYPES = { mcpb: BUNDLE_PREDICATE_TYPE, 'agent-card': CARD_PREDICATE_TYPE } as const satisfies Record<FileArtifact['kind'], string>
/** Of what was read, and not of reading it. */
const CONTENT_FAULTS: ReadonlySet<string> = new Set(['FORMAT_INVALID', 'JSON_INVALID', 'INPUT_TOO_LARGE'])
const MOST_MEMBERS = 50
