/** An MCP bundle (.mcpb): the whole file is what is signed; who it says that it is comes from its manifest.json. */
import { type JsonObject, parseStrictObject, readText, SealstoneError, toSealstoneError, visible } from '#core'
import type { OpenArtifact } from './open-artifact.ts'
import type { ArtifactStatement } from './statement.ts'
import { readZip } from './zip-entries.ts'

/** Its subject is the SHA-256 of the file. */
export const BUNDLE_PREDICATE_TYPE = 'https://sealstone/mcp-bundle/v1'

/** Throws FORMAT_INVALID for a file that no host should open, MODEL_CHANGED, what `signal` aborts with. */
export async function bundleStatement(artifact: OpenArtifact, signal?: AbortSignal): Promise<ArtifactStatement> {
  const zip = await readZip(artifact, signal)
  const manifest = readManifest(await zip.read('manifest.json', MAX_MANIFEST_BYTES))
  const sha256 = await artifact.sha256(signal)
  await artifact.checkUnchanged()
  const { name, version } = manifest
  return { predicateType: BUNDLE_PREDICATE_TYPE, predicate: { name, version, bytes: artifact.size }, name, version, sha256 }
}

/** MCPB manifest 0.1 to 0.3: name and version are required. The rest is the host's business. */
function readManifest(bytes: Uint8Array): { readonly name: string; readonly version: string } {
  let manifest: JsonObject
  try {
    manifest = parseStrictObject(bytes, { maxBytes: MAX_MANIFEST_BYTES, maxDepth: 32 })
    const [name, version] = [readText(manifest, 'name', 256), readText(manifest, 'version', 256)]
    if (visible(name) !== name || visible(version) !== version)
      throw new SealstoneError('FORMAT_INVALID', 'its name or version has characters that cannot be seen')
    return { name, version }
  } catch (cause) {
    throw new SealstoneError('FORMAT_INVALID', `manifest.json of the bundle: ${toSealstoneError(cause, 'FORMAT_INVALID').message}`, { cause })
  }
}

const MAX_MANIFEST_BYTES = 1024 * 1024
