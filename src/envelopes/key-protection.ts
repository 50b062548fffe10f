/** Whether the halves that signed are guarded as a verifier demands, by the statement that is in the receipt. */
import type { HalfProtection, KeyProtection } from '#core'

/** `token`: made in a token or sealed by one, and never out of it. `hsm`: that, and the token is not one that is known to be software. */
export type RequiredProtection = (typeof PROTECTION_LEVELS)[number]

/**
 * What is missing, or undefined. The statement is what the token said when the key was made, logged by the daemon: it tells a careless operator
 * from a careful one, and proves nothing about one who lies.
 */
export function protectionFault(
  { module, tokenModel, origin, recoverable, halves, validations }: KeyProtection,
  required: RequiredProtection,
): string | undefined {
  if (origin === 'imported') return 'the key was imported: its private part was elsewhere before'
  // Of a sealed half the flags are those of the key that seals it, and would not tell.
  if (recoverable === true) return 'the key is recoverable: its private parts are also with the holders of its recovery recipients'
  // An adopted key may have been made in the token or put there: its flags tell which.
  const weak = halves.find((half) => half.role !== 'companion' && !isGuarded(half))
  if (weak !== undefined) return `the token does not say of the ${weak.role} half that it is sensitive, never extractable and made in it`
  if (required === 'hsm' && SOFTWARE.some((known) => known.test(tokenModel) || known.test(module)))
    return `the token is ${tokenModel} (${module}), which is software`
  if (required === 'hsm' && validations?.every(({ type }) => type === 'software') === true)
    return `the token is ${tokenModel} (${module}), which says that it was validated as software`
  return undefined
}

/** Of a sealed half these are the flags of the key that seals it. */
function isGuarded({ sensitive, extractable, alwaysSensitive, neverExtractable, local }: HalfProtection): boolean {
  return sensitive === true && extractable === false && alwaysSensitive === true && neverExtractable === true && local === true
}

export const PROTECTION_LEVELS = ['token', 'hsm'] as const
/** By the model or the module's file name. swtpm calls itself SW TPM. */
const SOFTWARE = [/softhsm/i, /kryoptic/i, /softokn/i, /^SW\s+TPM/i, /opencryptoki.*soft/i]
