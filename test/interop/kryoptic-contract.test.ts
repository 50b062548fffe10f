/** kryoptic keeps the token contract: what SoftHSM2 and a TPM keep, a third make keeps too. */
import { findSuite, SUITE_IDS } from '#suites'
import { describeTokenContract } from '../contract/contract.ts'
import { makeKryopticToken } from '../support/kryoptic.ts'

const GUARDED = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }

describeTokenContract('kryoptic', async () => {
  const token = makeKryopticToken('contract')
  return {
    location: token.location,
    capabilities: {
      suites: SUITE_IDS.filter((id) => findSuite(id).canSign),
      mlDsa: { location: 'sealed', sealing: 'aes-256-gcm', ...GUARDED },
      classical: { location: 'token', ...GUARDED },
      takesKeys: true,
      seesOthers: true,
      staleHandleCostsProcess: true,
    },
    wrongPins: async () => undefined, // it counts them, and shows nobody
    heldByClients: async () => 0,
    stop: async () => token[Symbol.dispose](),
  }
})
