/** Verify: signatures and maybe a manifest come in, a verdict goes out. */
import { LIMITS } from '#core'
import type { Operations, VerifyRequest } from '#operations'
import {
  CHECK_STATUSES,
  DIFFERENCE_KINDS,
  fromEnum,
  refuse,
  REQUIREMENTS,
  toTimestamp,
  type VerdictInit,
  type VerifyRequest as VerifyRequestMessage,
} from '#wire'
import { toManifest } from './manifest-messages.ts'

type Verdict = Awaited<ReturnType<Operations['verify']>>

/** Throws INPUT_INVALID or INPUT_TOO_LARGE, with the field. */
export function toVerifyRequest({ modelSig, modelHybridSig, manifest, requirement }: VerifyRequestMessage): VerifyRequest {
  const required = fromEnum<VerifyRequest['require']>(REQUIREMENTS, requirement)
  if (required === undefined) refuse('requirement', `is ${requirement}, want ${Object.values(REQUIREMENTS).join(', ')}`)
  if (modelSig.length === 0 && modelHybridSig.length === 0) refuse('model_sig', 'is missing and so is model_hybrid_sig, want at least one')
  return {
    ...(modelSig.length === 0 ? {} : { bundle: readBundle(modelSig, 'model_sig') }),
    ...(modelHybridSig.length === 0 ? {} : { hybrid: readBundle(modelHybridSig, 'model_hybrid_sig') }),
    ...(manifest === null ? {} : { manifest: toManifest(manifest) }),
    require: required,
  }
}

export function verdictMessage({ ok, checks, signer, statement, differences, warnings }: Verdict): VerdictInit {
  return {
    ok,
    checks: checks.map(({ name, status, reason }) => ({ name, status: CHECK_STATUSES[status], reason })),
    signer: signer === undefined ? null : signerMessage(signer),
    statement: statement ?? null,
    differences: differences.map(({ name, kind, want, got }) => ({ name, kind: DIFFERENCE_KINDS[kind], want: want ?? '', got: got ?? '' })),
    warnings: [...warnings],
  }
}

function signerMessage({
  keyName,
  keyVersion,
  suite,
  fingerprint,
  certificateSubject,
  signedAt,
}: NonNullable<Verdict['signer']>): NonNullable<VerdictInit['signer']> {
  return {
    keyName: keyName ?? '',
    keyVersion: keyVersion ?? 0,
    suite,
    fingerprint,
    certificateSubject: certificateSubject ?? '',
    signedAt: signedAt === undefined ? null : toTimestamp(new Date(signedAt)),
  }
}

function readBundle(bytes: Buffer, field: string): Uint8Array {
  if (bytes.length > LIMITS.bundleBytes) refuse(field, `is ${bytes.length} bytes, want at most ${LIMITS.bundleBytes}`, 'INPUT_TOO_LARGE')
  return bytes
}
