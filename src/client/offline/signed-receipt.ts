/** The receipt inside a `model.hybrid.sig`, read and not verified: which entry it is of, and how many have signed its checkpoint. */
import { parseHybridBundle } from '#envelopes'
import { parseNote } from '#tlog'

/** Throws what `parseHybridBundle` throws. */
export function signedReceipt(hybridSig: Uint8Array): { readonly index: bigint; readonly signatures: number } {
  const { proof } = parseHybridBundle(hybridSig)
  return { index: proof.index, signatures: parseNote(proof.checkpoint).signatures.length }
}
