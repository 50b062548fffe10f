/** What a bug report does not show. */
import { expect, it } from 'vitest'
import { hideNames } from '../../src/daemon/doctor-hidden.ts'

const row = (detail: string): object => ({ rows: [{ name: 'random', result: 'fails', detail, ms: 3 }], flags: [], none: null })

it('hides the state directory in every text, however deep', () => {
  const names = { folder: '/srv/seal', serial: 'abcdef0123', shown: 'abcdef0123' }
  expect(hideNames(row('/srv/seal/tokens is missing; serial abcdef0123'), names)).toEqual(row('$SEALSTONE_HOME/tokens is missing; serial abcdef0123'))
})

it('hides a long serial wherever it is', () => {
  const names = { folder: '/srv/seal', serial: 'abcdef0123', shown: 'sha256:77' }
  expect(hideNames({ serial: 'abcdef0123', ...row('token abcdef0123 (serial abcdef0123)') }, names)).toEqual({
    serial: 'sha256:77',
    ...row('token sha256:77 (serial sha256:77)'),
  })
})

it('hides a short serial where it is named as one or alone, and leaves other words as they are', () => {
  const names = { folder: '/srv/seal', serial: '1', shown: 'sha256:77' }
  expect(hideNames({ serial: '1', ...row('SoftHSM 2.6.1, serial 1, 14 mechanisms') }, names)).toEqual({
    serial: 'sha256:77',
    ...row('SoftHSM 2.6.1, serial sha256:77, 14 mechanisms'),
  })
})
