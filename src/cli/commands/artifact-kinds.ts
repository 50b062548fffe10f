/** What the kinds of artifacts are called. */
import type { ArtifactKind } from '#artifacts'

export const KIND_NAMES: Readonly<Record<ArtifactKind, string>> = { mcpb: 'bundle', skill: 'skill', 'agent-card': 'card' }
