/** RFC 7512 token URIs: what is understood, and that nothing is silently ignored. */
import { describe, expect, it } from 'vitest'
import { formatTokenUri, parseTokenUri } from '#keyhost'

const QUERY = '?module-path=/usr/lib/m.so&pin-source=file:/etc/pin'

describe('a token URI', () => {
  it('names token, module and PIN file', () => {
    expect(parseTokenUri(`pkcs11:token=Vault;serial=01ab${QUERY}`)).toEqual({
      token: 'Vault',
      serial: '01ab',
      modulePath: '/usr/lib/m.so',
      pinFile: '/etc/pin',
    })
  })

  it('may have every attribute that tools print for a token, in any order, percent-encoded', () => {
    const uri =
      'pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=1;token=%C3%9Cbung%3B1?pin-source=file:///run/my%20pin&module-path=/m.so'
    expect(parseTokenUri(uri)).toEqual({
      token: 'Übung;1',
      serial: '1',
      model: 'SoftHSM v2',
      manufacturer: 'SoftHSM project',
      modulePath: '/m.so',
      pinFile: '/run/my pin',
    })
  })

  it.each([
    { modulePath: '/m.so', token: 'plain', pinFile: '/p' },
    { modulePath: '/opt/a b/m;1.so', token: 'Ü?&=%#;/', serial: 'é', model: 'x y', manufacturer: 'ACME & Co', pinFile: '/etc/pin file?x' },
  ])('is written so that it reads back the same: $token', (location) => {
    expect(parseTokenUri(formatTokenUri(location))).toEqual(location)
  })

  it.each([
    ['', 'another scheme'],
    ['file:/token', 'another scheme'],
    [`pkcs11:${QUERY}`, 'no token'],
    [`pkcs11:token=${QUERY}`, 'an empty token'],
    ['pkcs11:token=a?pin-source=file:/p', 'no module'],
    ['pkcs11:token=a?module-path=/m.so', 'no PIN file'],
    ['pkcs11:token=a', 'no query'],
    [`pkcs11:token=a;token=b${QUERY}`, 'an attribute twice'],
    [`pkcs11:token=a;object=key${QUERY}`, "a key's attribute"],
    [`pkcs11:token=a;slot-id=0${QUERY}`, 'a slot id, which changes'],
    [`pkcs11:token=a;vendor-x=1${QUERY}`, 'an unknown attribute'],
    [`pkcs11:token=a;${QUERY}`, 'an empty attribute'],
    [`pkcs11:token=a b${QUERY}`, 'a raw space'],
    [`pkcs11:token=a%2${QUERY}`, 'half an escape'],
    [`pkcs11:token=%ff${QUERY}`, 'invalid UTF-8'],
    ['pkcs11:token=a?module-path=m.so&pin-source=file:/p', 'a relative module path'],
    ['pkcs11:token=a?module-path=/m.so&pin-source=file:p', 'a relative PIN file'],
    ['pkcs11:token=a?module-path=/m.so&pin-source=|/bin/askpass', 'a command to run for the PIN'],
    ['pkcs11:token=a?module-path=/m%00.so&pin-source=file:/p', 'a NUL in a path'],
    [`pkcs11:token=a${QUERY}?x`, 'two question marks'],
  ])('is refused: %s (%s)', (uri) => {
    expect(() => parseTokenUri(uri)).toThrow(expect.objectContaining({ code: 'TOKEN_URI_INVALID' }))
  })

  it('with a PIN in it is refused, and the PIN is not repeated', () => {
    const uri = 'pkcs11:token=a?module-path=/m.so&pin-value=123456'
    expect(() => parseTokenUri(uri)).toThrow('pin-value')
    expect(() => parseTokenUri(uri)).not.toThrow('123456')
  })
})
