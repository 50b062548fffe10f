/** explain_failure: from a verdict or an error code to what it means and what a person should do. Our own words only. */
import { z } from 'zod'
import { CHECK_NAMES, nextStep } from '#client/offline'
import { ERROR_CATALOGUE, isErrorCode, SealstoneError } from '#core'
import { CHECKS_EXPLAINED } from '../checks-explained.ts'
import { tool } from '../tool.ts'
import { NoticeShape } from '../untrusted.ts'

const Input = z.strictObject({
  code: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]{0,63}$/)
    .optional()
    .describe('An error code, such as TRUST_EXPIRED.'),
  checks: z
    .array(z.object({ name: z.enum(CHECK_NAMES), status: z.enum(['passed', 'failed', 'not-applicable']) }))
    .max(CHECK_NAMES.length)
    .optional()
    .describe('The "checks" of an answer of verify_model.'),
})

export const explainFailureTool = tool({
  name: 'explain_failure',
  title: 'Explain a failure',
  description:
    'Explains why a verification failed or what an error code of Sealstone means, and what a person should do next. Give the "checks" of a verify_model ' +
    'answer, or an error code.',
  input: Input,
  output: z.strictObject({
    notice: NoticeShape,
    explanations: z.array(z.strictObject({ of: z.string(), meaning: z.string(), nextStep: z.string(), retryable: z.boolean() })),
    summary: z.string().describe('what to do first'),
  }),
  asksDaemon: false,
  run: async ({ code, checks }) => {
    if ((code === undefined) === (checks === undefined)) throw new SealstoneError('INPUT_INVALID', 'want either a code or checks')
    if (code !== undefined) return ofCode(code)
    return ofChecks(checks ?? [])
  },
})

function ofCode(code: string) {
  if (!isErrorCode(code)) throw new SealstoneError('INPUT_INVALID', 'there is no such error code', { hint: 'docs/errors.md lists them' })
  const { text, hint, retryable } = ERROR_CATALOGUE[code]
  return { explanations: [{ of: code, meaning: text, nextStep: hint, retryable }], summary: hint }
}

type GivenChecks = NonNullable<z.output<typeof Input>['checks']>

function ofChecks(checks: GivenChecks) {
  const failed = checks.filter(({ status }) => status === 'failed')
  const explanations = failed.map(({ name }) => ({ of: name, ...CHECKS_EXPLAINED[name], retryable: false }))
  if (failed.length > 0) return { explanations, summary: nextStep({ checks: failed.map((check) => ({ ...check, reason: '' })) }) }
  const compared = checks.some(({ name, status }) => name === 'files' && status === 'passed')
  return {
    explanations,
    summary: compared ? 'no check failed' : 'no check failed, but no files were compared: call verify_model with a path or digests',
  }
}
