/** Third step of the verdict: `model.sig` and the key's own signature, each under the one key that may have made it. */
import { findSuite, type PublicKey, type Suite, verify } from '#suites'
import type { ChosenKeys } from './choose-keys.ts'
import { legacyPae, pae } from './dsse.ts'
import type { OmsBundle } from './oms-bundle.ts'
import type { Documents } from './read-documents.ts'
import { keyFingerprint } from './trust/key-fingerprint.ts'
import type { VerdictBuilder } from './verdict.ts'
import type { VerifyModelRequest } from './verify-request.ts'

export function checkModelSignature(
  { engine }: VerifyModelRequest,
  { bundle, statement }: Documents,
  keys: ChosenKeys,
  verdict: VerdictBuilder,
): void {
  const name = 'companion-signature'
  if (bundle === undefined) return verdict.skip(name, 'there is no model.sig')
  if (keys.model === undefined) return verdict.skip(name, 'model.sig is by a key that was not given')
  const isDraft = statement.kind === 'model' && statement.format === 'draft'
  const verifies = isDraft
    ? verifyDraft(engine, bundle, keys.model)
    : verify(engine, keys.model, pae(bundle.payloadType, bundle.payload), bundle.signature)
  if (!verifies) return verdict.fail(name, `model.sig does not verify under ${describeKey(keys.model)}`)
  verdict.pass(name, `model.sig verifies under ${describeKey(keys.model)}`)
  if (isDraft) verdict.warnings.push('model.sig has the draft format of model_signing 0.2, older than OMS v1.0')
  nameSigner(verdict, keys, keys.model)
}

export function checkHybridSignature(request: VerifyModelRequest, { hybrid }: Documents, keys: ChosenKeys, verdict: VerdictBuilder): void {
  const name = 'hybrid-signature'
  if (hybrid === undefined) return checkAbsence('model.hybrid.sig is missing', request, keys, verdict)
  if (keys.hybrid === undefined) return checkAbsence('model.hybrid.sig is by a key that was not given', request, keys, verdict)
  const { payloadType, payload, signature } = hybrid.bundle
  // Both halves of a composite are evaluated, and there is one answer for either.
  if (!verify(request.engine, keys.hybrid, pae(payloadType, payload), signature)) {
    return verdict.fail(name, `model.hybrid.sig does not verify under ${describeKey(keys.hybrid)}`)
  }
  if (request.require === 'hybrid' && !isQuantumSafe(keys.hybrid.suite)) {
    return verdict.fail(name, `a quantum-safe signature is required, model.hybrid.sig is by ${describeKey(keys.hybrid)}`)
  }
  verdict.pass(name, `model.hybrid.sig verifies under ${describeKey(keys.hybrid)}`)
  nameSigner(verdict, keys, keys.hybrid)
}

/** No silent fallback: where the key is quantum-safe, its own signature is missed unless the caller asks for less. */
function checkAbsence(what: string, { require, trust }: VerifyModelRequest, { trusted }: ChosenKeys, verdict: VerdictBuilder): void {
  const name = 'hybrid-signature'
  if (require === 'classical') {
    verdict.skip(name, what)
    verdict.warnings.push('the quantum-safe half was not required: only the classical signature was verified')
  } else if (trust.kind !== 'trust-file') {
    verdict.fail(name, `a hybrid signature is required, but ${what}`)
  } else if (trusted === undefined || isQuantumSafe(findSuite(trusted.suite))) {
    verdict.fail(name, `stripped: key ${trusted?.name} version ${trusted?.version} is ${trusted?.suite}, but ${what}`)
  } else if (require === 'hybrid') {
    verdict.fail(name, `a quantum-safe signature is required, key ${trusted.name} version ${trusted.version} is ${trusted.suite}`)
  } else {
    verdict.skip(name, `key ${trusted.name} version ${trusted.version} is ${trusted.suite}, not hybrid`)
  }
}

/** model_signing 0.2 hashed with SHA-256 whatever the curve. */
function verifyDraft(engine: VerifyModelRequest['engine'], { payloadType, payload, signature }: OmsBundle, { suite, raw }: PublicKey): boolean {
  if (suite.kind !== 'classical' || suite.classical === undefined) return false
  return engine.verify(suite.classical, raw, legacyPae(payloadType, payload), signature, undefined, 'sha256')
}

function nameSigner(verdict: VerdictBuilder, { trusted, certificateSubject }: ChosenKeys, key: PublicKey): void {
  verdict.signer = {
    suite: key.suite.id,
    fingerprint: keyFingerprint(key),
    ...(trusted === undefined ? {} : { keyName: trusted.name, keyVersion: trusted.version }),
    ...(certificateSubject === undefined ? {} : { certificateSubject }),
  }
}

function describeKey(key: PublicKey): string {
  return `${key.suite.id} key ${keyFingerprint(key)}`
}

function isQuantumSafe(suite: Suite): boolean {
  return suite.kind !== 'classical'
}
