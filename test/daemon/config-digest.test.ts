/** The digests that tell of a change of configuration or policy: the same for what means the same, another one for all that counts. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parsePolicyTable } from '#policy'
import { parseConfig } from '../../src/daemon/config.ts'
import { configDigest, policyDigest } from '../../src/daemon/config-digest.ts'
import { configTemplate } from '../../src/daemon/config-template.ts'

const BASE = `
token.uri = "pkcs11:token=a"
audit.origin = "host/log/1"
token.env.SOFTHSM2_CONF = "/srv/softhsm2.conf"
`
const digest = (text: string, commandLine?: Record<string, string>): string => configDigest(parseConfig(text, '/srv/sealstone'), commandLine)

it('is what the documentation says: SHA-256 of the canonical JSON of all that is not at its default', () => {
  const json = '{"audit.origin":"host/log/1","token.env.SOFTHSM2_CONF":"/srv/softhsm2.conf","token.uri":"pkcs11:token=a"}'
  expect(digest(BASE)).toBe(`sha256:${createHash('sha256').update(json).digest('hex')}`)
})

it.each([
  ['comments and order', '# a comment\naudit.origin = "host/log/1"\n[token]\nenv.SOFTHSM2_CONF = "/srv/softhsm2.conf"\nuri = "pkcs11:token=a"\n'],
  ['a value that is the default', `${BASE}audit.answer_retention_hours = 168\nlog.level = "info"\ntoken.serial = "plain"\n`],
])('is the same with other %s', (_, text) => {
  expect(digest(text)).toBe(digest(BASE))
})

it.each([
  ['another value', `${BASE}serve.queue_ms = 999\n`],
  ['another token', BASE.replace('token=a', 'token=b')],
  ['another variable of the module', BASE.replace('/srv/', '/tmp/')],
  ['a rule', `${BASE}[[policy.allow]]\nidentity = "local"\noperations = ["verify"]\n`],
])('is another one with %s', (_, text) => {
  expect(digest(text)).not.toBe(digest(BASE))
})

it('is another one for a daemon that listens without TLS', () => {
  expect(digest(BASE, { '--insecure-loopback': '127.0.0.1:7000' })).not.toBe(digest(BASE))
})

it('says that there is a secret in the environment of the module, and nothing of the secret', () => {
  const withPassword = (password: string): string => digest(`${BASE}token.env.HSM_PASSWORD = "${password}"\n`)
  expect(withPassword('one')).toBe(withPassword('two'))
  expect(withPassword('one')).not.toBe(digest(BASE))
})

it('is another one when the file of client authorities has other contents', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-digest-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const tls = `${BASE}[listen.tls]\naddress = "127.0.0.1:1"\ncertificate = "a"\nprivate_key = "b"\nclient_ca = "${folder}/ca"\n`
  const digests = ['one', 'two', 'one'].map((content) => {
    writeFileSync(join(folder, 'ca'), content)
    return digest(tls)
  })
  expect(digests[0]).toBe(digests[2])
  expect(digests[0]).not.toBe(digests[1])
})

it('of a policy depends on its rules and their order', () => {
  const rules = [
    { identity: 'local', operations: ['*'], keys: ['*'] },
    { identity: 'a.example', operations: ['verify'] },
  ]
  const of = (value: unknown): string => policyDigest(parsePolicyTable(value))
  expect(of(rules)).toBe(of(structuredClone(rules)))
  expect(of(rules)).not.toBe(of(rules.toReversed()))
  const json = '[{"identity":"local","keys":["*"],"operations":["*"]},{"identity":"a.example","keys":[],"operations":["verify"]}]'
  expect(of(rules)).toBe(`sha256:${createHash('sha256').update(json).digest('hex')}`)
})

it('of what init writes is that of three settings and one rule', () => {
  const { changedSettings } = parseConfig(configTemplate({ tokenUri: 'pkcs11:token=a', env: {}, origin: 'host/log/1' }), '/srv/sealstone')
  expect(Object.keys(changedSettings).sort()).toEqual(['audit.origin', 'policy.allow', 'token.uri'])
})
