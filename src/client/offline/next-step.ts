/** What a person should do about a verdict that is bad. */
import type { Verdict } from '#envelopes'

/** One line, lower case. */
export function nextStep({ checks }: Pick<Verdict, 'checks'>): string {
  const failed = new Set<string>(checks.filter(({ status }) => status === 'failed').map(({ name }) => name))
  if (failed.has('key-trusted')) return 'check that the trust file, key or root is the one of the signer'
  if (failed.has('bundle-format')) return 'the signature file is damaged or not a model signature; fetch it again'
  if (failed.size === 1 && failed.has('audit-receipt')) return RECEIPT_HINT
  return 'do not use the model; fetch it again from its source'
}

const RECEIPT_HINT = 'do not use the model until its signer sends a good receipt, made with: sealstone audit receipt --refresh model.hybrid.sig'
