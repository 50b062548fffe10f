/** What is said of a bundle or a card, of which the one on the disk is made anew and compared. */
import type { SignContent } from '#client'
import type { JsonObject } from '#core'
import type { FileArtifact } from './artifact.ts'
import { bundleStatement } from './bundle.ts'
import { cardStatement } from './agent-card.ts'
import { openArtifact } from './open-artifact.ts'

export interface ArtifactStatement {
  readonly predicateType: string
  readonly predicate: JsonObject
  /** As it names itself. */
  readonly name: string
  readonly version: string
  /** 64 hex digits. */
  readonly sha256: string
}

/** Throws what reading the one or the other throws. */
export async function describeArtifact({ kind, path }: Pick<FileArtifact, 'kind' | 'path'>, signal?: AbortSignal): Promise<ArtifactStatement> {
  await using artifact = await openArtifact(path)
  return kind === 'mcpb' ? await bundleStatement(artifact, signal) : await cardStatement(artifact)
}

export function toContent({ predicateType, predicate, name, sha256 }: ArtifactStatement): SignContent {
  return { kind: 'statement', predicateType, predicate, subjects: [{ name, sha256 }] }
}
