/** When a file is closed enough for a secret. */
import { describe, expect, it } from 'vitest'
import { isClosedToOthers } from '#core'

describe('the file of a secret', () => {
  it.each([0o600, 0o400, 0o100600])('is closed when its owner alone has rights (mode %o)', (mode) => {
    expect(isClosedToOthers('/etc/sealstone/user.pin', { mode, uid: 1000 })).toBe(true)
  })

  it.each([0o640, 0o604, 0o660, 0o610, 0o440])('is open when group or others have any (mode %o)', (mode) => {
    expect(isClosedToOthers('/etc/sealstone/user.pin', { mode, uid: 0 })).toBe(false)
  })

  it("is closed as a credential of systemd, whose mode shows the mask of an ACL in the group's place", () => {
    expect(isClosedToOthers('/run/credentials/sealstone.service/pin', { mode: 0o100440, uid: 0 })).toBe(true)
  })

  it('is open where the path only begins with /run/credentials', () => {
    expect(isClosedToOthers('/run/credentials/../../etc/sealstone/user.pin', { mode: 0o440, uid: 0 })).toBe(false)
  })

  it('is open below /run/credentials too when it is not root’s, or when more than reading is granted', () => {
    const path = '/run/credentials/sealstone.service/pin'
    expect(isClosedToOthers(path, { mode: 0o440, uid: 1000 })).toBe(false)
    for (const mode of [0o460, 0o444, 0o441]) expect(isClosedToOthers(path, { mode, uid: 0 })).toBe(false)
  })
})
