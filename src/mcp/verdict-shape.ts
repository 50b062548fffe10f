/** A verdict as tools answer it: every check, and of differences and warnings as many as somebody reads. */
import { z } from 'zod'
import { CHECK_NAMES, type Verdict } from '#client/offline'
import { defined } from '#core'
import { NoticeShape, Untrusted, untrusted } from './untrusted.ts'

/** Of whatever was signed. */
export const JUDGED_SIGNATURE = {
  checks: z.array(z.strictObject({ name: z.enum(CHECK_NAMES), status: z.enum(['passed', 'failed', 'not-applicable']), reason: Untrusted })),
  signer: z
    .strictObject({
      keyName: z.string().optional(),
      keyVersion: z.int().optional(),
      suite: z.string(),
      fingerprint: z.string().describe('hex SHA-256 of the public key'),
      certificateSubject: Untrusted.optional(),
      signedAt: z.string().optional().describe("by the audit log's word"),
    })
    .optional()
    .describe('absent unless the signature verified'),
  warnings: z.array(Untrusted),
  nextStep: z.string().describe('what a person should do'),
}

export const VerdictShape = z.strictObject({
  notice: NoticeShape,
  ok: z.boolean().describe('true only if a trusted key signed, every check passed, and the files were compared'),
  outcome: z.enum(['verified', 'signature-only', 'failed']).describe('signature-only: the signature is good, but no files were compared with it'),
  ...JUDGED_SIGNATURE,
  statement: z
    .strictObject({ predicateType: Untrusted, modelName: Untrusted, resourceCount: z.int() })
    .optional()
    .describe('what was signed; believe it only if a trusted key signed'),
  differences: z.array(
    z.strictObject({ file: Untrusted, kind: z.enum(['changed', 'missing', 'extra']), want: z.string().optional(), got: z.string().optional() }),
  ),
  differencesTotal: z.int(),
})

export function verdictJson(verdict: Verdict, nextStep: string): z.input<typeof VerdictShape> {
  const { statement, differences } = verdict
  const filesCompared = verdict.checks.some(({ name, status }) => name === 'files' && status !== 'not-applicable')
  const ok = verdict.ok && filesCompared
  return {
    ok,
    outcome: ok ? 'verified' : verdict.ok ? 'signature-only' : 'failed',
    ...judgedSignature(verdict),
    ...defined({ statement: statement && statementJson(statement) }),
    differences: differences
      .slice(0, MOST_DIFFERENCES)
      .map(({ name, kind, want, got }) => ({ file: untrusted(name), kind, ...defined({ want, got }) })),
    differencesTotal: differences.length,
    nextStep: ok ? 'nothing: the model may be used' : verdict.ok ? COMPARE : nextStep,
  }
}

export function judgedSignature({ checks, signer, warnings }: Verdict) {
  return {
    checks: checks.map(({ name, status, reason }) => ({ name, status, reason: untrusted(reason) })),
    ...defined({ signer: signer && signerJson(signer) }),
    warnings: warnings.slice(0, MOST_WARNINGS).map((warning) => untrusted(warning)),
  }
}

function signerJson({ keyName, keyVersion, suite, fingerprint, certificateSubject, signedAt }: NonNullable<Verdict['signer']>) {
  const subject = certificateSubject === undefined ? undefined : untrusted(certificateSubject)
  return { suite, fingerprint, ...defined({ keyName, keyVersion, signedAt, certificateSubject: subject }) }
}

function statementJson({ predicateType, modelName, resourceCount }: NonNullable<Verdict['statement']>) {
  return { predicateType: untrusted(predicateType), modelName: untrusted(modelName), resourceCount }
}

const MOST_DIFFERENCES = 50
const MOST_WARNINGS = 20
const COMPARE = 'the signature is good; before using the model compare its files: call verify_model with a path or with digests'
