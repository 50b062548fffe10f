/** tpm2-pkcs11 over a TPM 2.0 (swtpm, behind tpm2-abrmd) keeps the token contract: no Ed25519, no AES-GCM, no RSA-PSS, no P-521, room for few keys. */
import { makeTpmToken } from '../support/tpm2.ts'
import { describeTokenContract } from './contract.ts'

const GUARDED = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }

describeTokenContract('tpm2-pkcs11', async () => {
  const token = await makeTpmToken('contract')
  const property = async (name: string): Promise<number> => {
    const value = (await token.properties()).get(name)
    if (value === undefined) throw new Error(`the TPM does not say ${name}`)
    return value
  }
  return {
    location: token.location,
    capabilities: {
      suites: ['mldsa65-ecdsa-p256', 'mldsa65-ed25519', 'mldsa87-ecdsa-p384', 'mldsa44', 'mldsa65', 'mldsa87', 'ecdsa-p256', 'ecdsa-p384', 'ed25519'],
      mlDsa: { location: 'sealed', sealing: 'rsa-oaep', ...GUARDED },
      classical: { location: 'token', ...GUARDED },
      ed25519: { location: 'sealed', sealing: 'rsa-oaep', ...GUARDED },
      takesKeys: false,
      seesOthers: false,
    },
    wrongPins: () => property('TPM2_PT_LOCKOUT_COUNTER'),
    heldByClients: () => property('TPM2_PT_HR_ACTIVE'),
    stop: token.stop,
  }
})
