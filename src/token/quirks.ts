/** What is known of modules that claim one thing and do another, by what they say of themselves; measured, with the version. */
import type { TokenInfo } from './cryptoki-module.ts'

interface Quirks {
  /** How C_GetInfo begins: manufacturer, then description. */
  readonly library: string
  /**
   * Every key that was used stays in the device until the logout, and GENERAL_ERROR is the answer when no more fit. The module says the same
   * of a broken device; then the attempt after a new login fails too.
   */
  readonly keepsKeysLoaded: boolean
  /** Algorithms that it claims and cannot do. */
  readonly unusable: readonly string[]
}

const QUIRKS: readonly Quirks[] = [
  {
    // tpm2-pkcs11 1.9. A TPM has room for 3 keys behind /dev/tpmrm0, tpm2-abrmd gives 27. Of a P-521 key it writes the public point with a
    // length that its own next call refuses to read (CKR_HOST_MEMORY).
    library: 'tpm2-software.github.io',
    keepsKeysLoaded: true,
    unusable: ['ecdsa-p521'],
  },
]

export function keepsKeysLoaded(info: TokenInfo): boolean {
  return quirksOf(info)?.keepsKeysLoaded === true
}

export function isUnusable(info: TokenInfo, algorithm: string): boolean {
  return quirksOf(info)?.unusable.includes(algorithm) === true
}

function quirksOf({ library }: TokenInfo): Quirks | undefined {
  return QUIRKS.find((row) => library.startsWith(row.library))
}
