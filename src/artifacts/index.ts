/** artifacts: MCP bundles, agent skills and A2A agent cards: what of them is signed, and how it is checked. */
export { type Artifact, type ArtifactKind, recogniseArtifact } from './artifact.ts'
export { type SignedArtifact, signArtifact, type SignArtifactOptions } from './sign-artifact.ts'
export { type ArtifactVerdict, verifyArtifact, type VerifyArtifactOptions } from './verify-artifact.ts'
