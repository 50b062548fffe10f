/** Times the bare primitives of a hybrid signature where they are used: in the key host, with the token, and without any channel around them. */
import { SealstoneError } from '#core'
import { findSuite, mlDsaPrimitive, parsePublicKey, splitPublicKey } from '#suites'
import { signInToken } from '#token'
import type { KeyMaterial } from './key-material.ts'
import type { MeasureRequest, PrimitiveTimes } from './protocol.ts'
import type { ReadyKeys } from './ready-keys.ts'
import type { KeyHostParts } from './sign-items.ts'

/** Each primitive once a round, in turn. Throws SUITE_UNSUPPORTED for a suite that is not hybrid with a classical half in the token. */
export function measure(parts: KeyHostParts, keys: ReadyKeys, { key, rounds, messageBytes }: MeasureRequest): PrimitiveTimes {
  const { token, engine } = parts
  const { set, primitive, ckaId, mlDsaKey, classicalKey } = hybridParts(key)
  const message = crypto.getRandomValues(new Uint8Array(Math.min(messageBytes, 65_536)))
  const none = new Uint8Array()
  const times: Record<keyof PrimitiveTimes, number[]> = { mlDsaSign: [], classicalSign: [], mlDsaVerify: [], classicalVerify: [] }
  for (let round = -WARM_UP; round < rounds; round++) {
    const timed = <Result>(name: keyof PrimitiveTimes, run: () => Result): Result => {
      const start = performance.now()
      const result = run()
      if (round >= 0) times[name].push(performance.now() - start)
      return result
    }
    const mlDsaSignature = timed('mlDsaSign', () => keys.mlDsa(key, set)(message, none))
    const classicalSignature = timed('classicalSign', () => signInToken(token, primitive, ckaId, message))
    const good =
      timed('mlDsaVerify', () => engine.verify(mlDsaPrimitive(set), mlDsaKey, message, mlDsaSignature)) &&
      timed('classicalVerify', () => engine.verify(primitive, classicalKey, message, classicalSignature))
    if (!good) throw new SealstoneError('SIGNATURE_MISMATCH')
  }
  return times
}

function hybridParts(key: KeyMaterial) {
  const { suite, raw } = parsePublicKey(key.spki)
  const halves = suite.hybrid ? splitPublicKey(suite, raw) : undefined
  if (halves === undefined || suite.mlDsa === undefined || suite.classical === undefined || key.ckaId === undefined)
    throw new SealstoneError('SUITE_UNSUPPORTED', `suite ${findSuite(key.suite).id} is not hybrid with a half in the token`)
  return { set: suite.mlDsa, primitive: suite.classical, ckaId: key.ckaId, mlDsaKey: halves.mlDsa, classicalKey: halves.classical }
}

const WARM_UP = 50
