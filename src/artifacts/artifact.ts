/** What lies at a path: an MCP bundle, an agent skill or an A2A agent card; and where its signatures are. */
import { lstat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { excerpt, SealstoneError } from '#core'
import { openArtifact } from './open-artifact.ts'

export type ArtifactKind = Artifact['kind']

export type Artifact = SkillArtifact | FileArtifact

export interface SkillArtifact {
  readonly kind: 'skill'
  /** Absolute. */
  readonly path: string
  /** The OMS bundle, which other tools verify. */
  readonly signature: string
  readonly hybridSignature: string
}

export interface FileArtifact {
  readonly kind: 'mcpb' | 'agent-card'
  /** Absolute. */
  readonly path: string
  readonly hybridSignature: string
}

/**
 * By what is in it: a directory with a SKILL.md, a zip file, a JSON object.
 * Throws FILE_UNREADABLE, and FORMAT_INVALID for what is none of the three.
 */
export async function recogniseArtifact(given: string): Promise<Artifact> {
  const skill = await skillAt(given)
  if (skill === undefined) {
    const path = resolve(given)
    const kind = await kindOfFile(path)
    if (kind === undefined) throw unknown(given, `${basename(path)} is neither a zip file nor a JSON object`)
    return { kind, path, hybridSignature: signatureOf(path) }
  }
  if (!(await isFile(join(skill.path, SKILL_FILE)))) throw unknown(given, `it is a directory without ${SKILL_FILE}`)
  return skill
}

/** Any directory: one without its SKILL.md is for verification to judge. Undefined for a file; throws FILE_UNREADABLE where nothing is. */
export async function skillAt(given: string): Promise<SkillArtifact | undefined> {
  const path = resolve(given)
  if (!(await isDirectory(path, given))) return undefined
  return { kind: 'skill', path, signature: join(path, SKILL_SIGNATURE), hybridSignature: join(path, SKILL_HYBRID_SIGNATURE) }
}

/** What lies in a skill and is no part of what is signed. */
export async function unsignedFiles({ path }: SkillArtifact): Promise<readonly string[]> {
  const found = await Promise.all(NEVER_SIGNED.map((name) => isFile(join(path, name))))
  return NEVER_SIGNED.filter((_, at) => found[at])
}

export function signatureOf(path: string): string {
  return `${path}.hybrid.sig`
}

/** Undefined for what is neither. Throws FILE_UNREADABLE. */
export async function kindOfFile(path: string): Promise<FileArtifact['kind'] | undefined> {
  await using artifact = await openArtifact(path)
  return kindOf(await artifact.read(0, FIRST_BYTES))
}

function kindOf(bytes: Uint8Array): FileArtifact['kind'] | undefined {
  // PKWARE APPNOTE §4.3.7: local file header signature. One without any entry begins otherwise, and is no bundle.
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) return 'mcpb'
  const first = bytes.find((byte) => !JSON_SPACE.has(byte))
  return first === 0x7b ? 'agent-card' : undefined // {
}

async function isDirectory(path: string, given: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory()
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code
    throw new SealstoneError('FILE_UNREADABLE', `${excerpt(given)} ${reason === 'ENOENT' ? 'is not there' : `cannot be read (${reason})`}`, { cause })
  }
}

async function isFile(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
}

function unknown(given: string, why: string): SealstoneError {
  return new SealstoneError('FORMAT_INVALID', `${excerpt(given)} is no MCP bundle, agent skill or agent card: ${why}`, {
    hint: 'models are signed with: sealstone sign',
  })
}

const SKILL_FILE = 'SKILL.md'
/** Signatures of a model, which no list of a directory's files has: an agent would read them all the same. */
const NEVER_SIGNED = ['model.sig', 'model.hybrid.sig']
const SKILL_SIGNATURE = 'skill.oms.sig'
const SKILL_HYBRID_SIGNATURE = 'skill.hybrid.sig'
/** RFC 8259 §2. */
const JSON_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
const FIRST_BYTES = 512
