/** SoftHSM2 keeps the token contract. */
import { findSuite, SUITE_IDS } from '#suites'
import { Intruder } from '../support/intruder.ts'
import { makeToken } from '../support/softhsm.ts'
import { describeTokenContract } from './contract.ts'

const GUARDED = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }

describeTokenContract('SoftHSM2', async () => {
  const token = await makeToken('contract')
  const intruder = new Intruder(token)
  return {
    location: token.location,
    capabilities: {
      suites: SUITE_IDS.filter((id) => findSuite(id).canSign),
      mlDsa: { location: 'sealed', sealing: 'aes-256-gcm', ...GUARDED },
      classical: { location: 'token', ...GUARDED },
      takesKeys: true,
      seesOthers: true,
    },
    wrongPins: async () => (intruder.wrongPinSeen ? 1 : 0),
    heldByClients: async () => 0, // a token of files: nothing but the process holds anything
    stop: async () => token[Symbol.dispose](),
  }
})
