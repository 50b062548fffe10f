/** A public key of any suite, of the right size and form, for tests that do not depend on its value. */
import { generateKeyPairSync } from 'node:crypto'
import { concatBytes } from '#core'
import { encodePublicKey, mlDsaPrimitive, PRIMITIVES, type Primitive, type PublicKey, type Suite } from '#suites'

export function anyKey(suite: Suite): PublicKey {
  const classical = suite.classical === undefined ? new Uint8Array() : anyRaw(suite.classical)
  const mlDsa = suite.mlDsa === undefined ? new Uint8Array() : anyRaw(mlDsaPrimitive(suite.mlDsa))
  return encodePublicKey(suite, concatBytes(mlDsa, classical))
}

function anyRaw(primitive: Primitive): Uint8Array {
  const row = PRIMITIVES[primitive]
  if (row.kind === 'rsa') return RSA_KEYS[row.bits as 2048] ?? new Uint8Array()
  return new Uint8Array(row.publicKeyBytes).fill(4)
}

const RSA_KEYS = Object.fromEntries(
  [2048, 3072, 4096].map((modulusLength) => [
    modulusLength,
    generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'der', type: 'pkcs1' }),
  ]),
)
