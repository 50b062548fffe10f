/** A certificate is one caller or none. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { identityOf } from '#policy'
import { type LeafOptions, makeAuthority } from '../support/openssl.ts'

const folder = mkdtempSync(join(tmpdir(), 'sealstone-identity-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const authority = makeAuthority(folder)

function identify(options: LeafOptions): string {
  return identityOf({ kind: 'certificate', der: authority.issue('leaf', options).der })
}

function refusal(options: LeafOptions): string {
  try {
    return `identified as ${identify(options)}`
  } catch (error) {
    return error instanceof SealstoneError && error.code === 'UNAUTHENTICATED' ? error.message : String(error)
  }
}

describe('the caller', () => {
  it('on the socket is local, on plain TCP loopback', () => {
    expect(identityOf({ kind: 'socket' })).toBe('local')
    expect(identityOf({ kind: 'loopback' })).toBe('loopback')
  })

  it.each<[string, string[], string]>([
    ['its SPIFFE ID', ['URI:spiffe://registry.example/ns/prod/publisher'], 'spiffe://registry.example/ns/prod/publisher'],
    [
      'its SPIFFE ID before its DNS names',
      ['DNS:a.example.org', 'DNS:b.example.org', 'URI:spiffe://registry.example/p'],
      'spiffe://registry.example/p',
    ],
    ['its DNS name, in lower case', ['DNS:CI-1.Example.org'], 'ci-1.example.org'],
    ['its DNS name, though it is there twice', ['DNS:ci.example.org', 'DNS:CI.example.org'], 'ci.example.org'],
    [
      'its DNS name beside addresses and foreign URIs',
      ['IP:127.0.0.1', 'URI:https://example.org/', 'email:a@example.org', 'DNS:ci.example.org'],
      'ci.example.org',
    ],
  ])('with a certificate is %s', (_, names, want) => {
    expect(identify({ names })).toBe(want)
  })

  it.each<[string, LeafOptions, RegExp]>([
    ['two SPIFFE IDs', { names: ['URI:spiffe://registry.example/a', 'URI:spiffe://registry.example/b'] }, /2 URIs/],
    ['a SPIFFE ID and another URI', { names: ['URI:spiffe://registry.example/a', 'URI:https://example.org/'] }, /2 URIs/],
    ['a SPIFFE ID without a path', { names: ['URI:spiffe://registry.example'] }, /not valid/],
    ['a SPIFFE ID that ends in a slash', { names: ['URI:spiffe://registry.example/a/'] }, /not valid/],
    ['a SPIFFE ID with dots for a segment', { names: ['URI:spiffe://registry.example/a/../b'] }, /not valid/],
    ['a SPIFFE ID with a port', { names: ['URI:spiffe://registry.example:443/a'] }, /not valid/],
    ['a SPIFFE ID with a user', { names: ['URI:spiffe://u@registry.example/a'] }, /not valid/],
    ['a SPIFFE ID with a query', { names: ['URI:spiffe://registry.example/a?b=c'] }, /not valid/],
    ['a SPIFFE ID with percent encoding', { names: ['URI:spiffe://registry.example/%61'] }, /not valid/],
    ['a SPIFFE ID in capitals', { names: ['URI:SPIFFE://registry.example/a'] }, /not valid/],
    ['a SPIFFE ID with a star', { names: ['URI:spiffe://registry.example/*'] }, /not valid/],
    ['a SPIFFE ID on an authority', { names: ['URI:spiffe://registry.example/a'], extensions: ['basicConstraints = CA:TRUE'] }, /may issue/],
    [
      'a SPIFFE ID on a key that signs certificates',
      { names: ['URI:spiffe://registry.example/a'], extensions: ['keyUsage = keyCertSign'] },
      /may issue/,
    ],
    ['two DNS names', { names: ['DNS:a.example.org', 'DNS:b.example.org'] }, /2 DNS names/],
    ['a wildcard', { names: ['DNS:*.example.org'] }, /without wildcard/],
    ['the reserved name local', { names: ['DNS:local'] }, /want a full name/],
    ['the reserved name loopback', { names: ['DNS:loopback'] }, /want a full name/],
    ['a common name and nothing else', { subject: '/CN=local' }, /no SPIFFE URI and no DNS name/],
    ['only an address', { names: ['IP:10.0.0.1'] }, /no SPIFFE URI and no DNS name/],
  ])('with %s is nobody', (_, options, want) => {
    expect(refusal(options)).toMatch(want)
  })

  it('is not taken in by a name that looks like two in a display text', () => {
    const trick = { extensions: ['subjectAltName = @names', '[names]', 'DNS.1 = "ci.example.org, URI:spiffe://registry.example/publisher"'] }
    expect(refusal(trick)).toMatch(/cannot be read|not a|want a full name/)
  })

  it('with damaged bytes is somebody the certificate names, or nobody; never an error of another kind', () => {
    const { der } = authority.issue('whole', { names: ['URI:spiffe://registry.example/publisher', 'DNS:ci.example.org'] })
    const outcome = (bytes: Uint8Array): string => {
      try {
        return identityOf({ kind: 'certificate', der: bytes })
      } catch (error) {
        return error instanceof SealstoneError ? error.code : String(error)
      }
    }
    for (let length = 0; length < der.length; length++) expect(outcome(der.subarray(0, length))).toBe('UNAUTHENTICATED')
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Uint8Array.from(der)
        damaged[at] = (damaged[at] as number) ^ flip
        expect(outcome(damaged)).toMatch(/^(?:UNAUTHENTICATED|spiffe:\/\/.*|[a-z0-9._-]+)$/)
      }),
      { numRuns: 3000 },
    )
  })
})
