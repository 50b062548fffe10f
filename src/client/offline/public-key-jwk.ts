/** A public key as a JSON Web Key. The room that knows the form is loaded only here: it is large. */
import { type PublicKey, parsePublicKey } from '#suites'
import { nativeEngine } from '#suites/native'

/** Throws SUITE_UNSUPPORTED for a suite that JOSE has no name for. */
export async function publicKeyJwk(spki: Uint8Array): Promise<Readonly<Record<string, string>>> {
  const { encodeJwk } = await import('#certificates')
  const key: PublicKey = parsePublicKey(spki)
  return encodeJwk(nativeEngine(), key)
}
