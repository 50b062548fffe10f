/** Where the daemon is, as users write it. */
import { describe, expect, it } from 'vitest'
import { isLoopback, parseAddress } from '../../src/client/address.ts'

describe('an address', () => {
  it.each([
    ['unix:/run/s.sock', { kind: 'unix', path: '/run/s.sock' }],
    ['unix:///run/s.sock', { kind: 'unix', path: '/run/s.sock' }],
    ['unix:rel.sock', { kind: 'unix', path: 'rel.sock' }],
    ['registry.example:7443', { kind: 'tcp', host: 'registry.example', port: 7443 }],
    ['[::1]:1', { kind: 'tcp', host: '::1', port: 1 }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each(['', 'unix:', 'host', 'host:', ':1', 'host:0', 'host:65536', 'host:1x', '::1:80', 'http://host:80', 'a b:1', `unix:/${'x'.repeat(103)}`])(
    'refuses %j',
    (text) => {
      expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
    },
  )
})

it('takes only this machine for loopback', () => {
  expect(['localhost', '127.0.0.1', '127.9.9.9', '::1'].map(isLoopback)).toEqual([true, true, true, true])
  expect(['127.0.0.1.example', 'localhost.example', '10.0.0.1', '0.0.0.0', '::'].map(isLoopback)).toEqual([false, false, false, false, false])
})
