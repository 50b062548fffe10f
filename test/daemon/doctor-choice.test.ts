/** What doctor says that a daemon would do, from what a token was seen to do. */
import { expect, it } from 'vitest'
import type { ProbeFacts, ProbeRow } from '#keyhost'
import { parseConfig } from '../../src/daemon/config.ts'
import { configTemplate } from '../../src/daemon/config-template.ts'
import { chooseFor } from '../../src/daemon/doctor-choice.ts'

const FACTS: ProbeFacts = {
  label: 'vault',
  serial: '1',
  model: 'LunaSA 7.7.1',
  manufacturer: 'SafeNet',
  module: 'libCryptoki2.so',
  library: 'Cryptoki',
  firmware: '7.7',
  hardware: '1.0',
  flags: [],
  mechanisms: 3,
}
const attributes = { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true }
const ROWS = (['random', 'seal aes-256-gcm', 'sign ecdsa-p256'] as const).map((name): ProbeRow => ({ name, result: 'works', detail: '', attributes }))

it.each([
  ['a guarded key in a hardware token', [], { level: 'hsm' }],
  [
    'keys that are encrypted to somebody else too',
    ['age1a7yctaqa3y9wngwllcj7c4jlq76xygxa0v9q9udq0fvr8le6ydespktgtw'],
    { level: 'none', why: expect.stringContaining('recoverable') },
  ],
])('says which protection a new key satisfies: %s', (_, recipients, protection) => {
  const config = parseConfig(configTemplate({ tokenUri: 'pkcs11:token=a', env: {}, origin: 'host/log/1', recipients }), '/srv/sealstone')
  expect(chooseFor(FACTS, ROWS, config).protection).toEqual(protection)
})
