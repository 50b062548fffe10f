/** The two primitives that logs and witnesses sign with, as the port that `tlog` verifies through. */
import type { Engine } from './engine.ts'

/** The `LogSignatureVerifier` of `#tlog`, which knows nothing of engines. */
export function logSignatureVerifier(engine: Pick<Engine, 'verify'>): {
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  verifyMlDsa44(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
} {
  return {
    verifyEd25519: (publicKey, message, signature) => engine.verify('ed25519', publicKey, message, signature),
    verifyMlDsa44: (publicKey, message, signature) => engine.verify('ml-dsa-44', publicKey, message, signature),
  }
}
