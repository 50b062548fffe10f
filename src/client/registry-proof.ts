/** What the owner of a domain publishes so that an MCP registry knows the key. */
import { parsePublicKey, registryProof as proofOf } from '#suites'

/** `v=MCPv1; k=…; p=…`. @param spki DER. Throws KEY_UNUSABLE for a key of a suite that registries do not take. */
export function registryProof(spki: Uint8Array): string {
  return proofOf(parsePublicKey(spki))
}
