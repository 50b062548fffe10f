/** The configuration file: what `init` writes is read back, and anything that is not understood stops the start. */
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { witnessVkeys } from '#tlog'
import { parseConfig } from '../../src/daemon/config.ts'
import { configTemplate } from '../../src/daemon/config-template.ts'
import { softwareWitness } from '../support/software-witness.ts'

const HOME = '/srv/sealstone'
const TEMPLATE = configTemplate({ tokenUri: 'pkcs11:token=a', env: { SOFTHSM2_CONF: '/srv/my "conf".d/softhsm2.conf' }, origin: 'host/log/1' })

describe('the configuration that init writes', () => {
  it('reads back as what it was made of', () => {
    const config = parseConfig(TEMPLATE, HOME)
    expect(config).toMatchObject({
      token: { uri: 'pkcs11:token=a', env: { SOFTHSM2_CONF: '/srv/my "conf".d/softhsm2.conf' } },
      listen: { socket: '/srv/sealstone/sealstone.sock' },
      audit: { origin: 'host/log/1', answerRetentionHours: 168 },
      drainSeconds: 20,
      logLevel: 'info',
    })
    expect(config.traces).toBeUndefined()
    expect(config.publish).toEqual({}) // nobody outside reads the log unless somebody says so
    expect(config.listen.tls).toBeUndefined()
  })

  it('is valid too with every commented setting switched on', () => {
    const everything = TEMPLATE.split('\n')
      .map((line) => line.replace(/^# (?=\[|[a-z_]+ = )/, ''))
      .join('\n')
    const config = parseConfig(everything, HOME)
    expect(config.listen.tls).toEqual({
      host: '0.0.0.0',
      port: 7443,
      certFile: '/srv/sealstone/tls/server.crt',
      keyFile: '/srv/sealstone/tls/server.key',
      clientCaFile: '/srv/sealstone/tls/clients-ca.crt',
    })
    expect(config.policy).toHaveLength(3)
    const tls = { certFile: '/srv/sealstone/tls/log.crt', keyFile: '/srv/sealstone/tls/log.key' }
    expect(config.publish).toEqual({ http: { host: '127.0.0.1', port: 7480, tls }, directory: '/srv/log' })
    expect(config.traces).toEqual({ endpoint: 'http://127.0.0.1:4318/v1/traces', sampleRatio: 1, headersFile: '/srv/sealstone/traces.headers' })
  })

  it('may name witnesses', () => {
    const config = parseConfig(`[token]\nuri = "pkcs11:token=a"\n${withWitness('witness_quorum = 1\nwitness_wait_ms = 500')}`, HOME)
    expect(config.witnesses).toMatchObject({
      quorum: 1,
      waitMs: 500,
      demanded: 0,
      witnesses: [{ url: 'https://w.example/1', witness: { name: 'w.example/1' } }],
    })
    expect(parseConfig(TEMPLATE, HOME).witnesses).toBeUndefined()
  })

  it('may name a timestamp authority', () => {
    const settings =
      '[token]\nuri = "pkcs11:token=a"\n[audit]\norigin = "o"\n[audit.timestamps]\nurl = "https://tsa.example/"\nca = "tsa.pem"\nevery = "6h"\n'
    expect(parseConfig(settings, HOME).timestamps).toEqual({
      name: 'tsa.example',
      url: 'https://tsa.example/',
      caFile: '/srv/sealstone/tsa.pem',
      everyMs: 21_600_000,
      digest: 'sha256',
    })
    expect(parseConfig(TEMPLATE, HOME).timestamps).toBeUndefined()
  })

  it('says how many processes the key host is to have, where that is chosen', () => {
    const text = configTemplate({ tokenUri: 'pkcs11:token=a', env: {}, origin: 'o', children: 3 })
    expect(parseConfig(text, HOME).keyHostChildren).toBe(3)
  })

  it('needs no environment for the module', () => {
    expect(parseConfig(configTemplate({ tokenUri: 'pkcs11:token=a', env: {}, origin: 'o' }), HOME).token.env).toEqual({})
  })
})

describe('a configuration is refused', () => {
  it.each([
    ['[serv]\ndrain_seconds = 3', 'unknown setting "serv.drain_seconds"', 'did you mean serve.drain_seconds?'],
    ['[serv]', 'unknown setting "serv"', 'did you mean'],
    ['[listen]\nsockt = "x"', 'unknown setting "listen.sockt"', 'did you mean listen.socket?'],
    ['[token]\npin = "1234"', 'unknown setting "token.pin"', 'did you mean token.uri?'],
    ['[serve.deep]\nx = 1', 'unknown setting "serve.deep.x"', 'did you mean'],
    ['[serve]\ndrain_seconds = 0', 'setting serve.drain_seconds is 0, want a whole number from 1 to 600', ''],
    ['[serve]\ndrain_seconds = 1.5', 'want a whole number', ''],
    ['[serve]\ndrain_seconds = "20"', 'setting serve.drain_seconds is "20", want a whole number', ''],
    ['[traces]\nendpoint = "collector:4318"', 'traces.endpoint is no address that starts with http', '127.0.0.1:4318/v1/traces'],
    ['[traces]\nendpoint = "http://collector.example/v1/traces"', 'is http to collector.example: spans name keys, want https', ''],
    ['[traces]\nendpoint = "https://me:word@collector.example/"', 'traces.endpoint has a user name, a query or a fragment', 'headers_file'],
    ['[traces]\nendpoint = "http://[::1]:4318/v1/traces"\nsample_ratio = 1.5', 'traces.sample_ratio is 1.5, want a number from 0 to 1', ''],
    ['[console]\nhosts = ["review.example"]', 'console.hosts is there without console.listen', 'say where the console listens'],
    ['[console]\nlisten = "h:1"\ncertificate = "c"', 'console.certificate and console.private_key go together', ''],
    ['[console]\nlisten = "h:1"\nallow_plain_http = "yes"', 'setting console.allow_plain_http is "yes", want true or false', ''],
    ['[console]\nlisten = "7490"', 'console.listen is "7490", want host:port', ''],
    ['[traces]\nsample_ratio = 0.5', 'traces.sample_ratio is there without traces.endpoint', 'say where the traces go'],
    ['[traces]\nheaders_file = "h"', 'traces.headers_file is there without traces.endpoint', ''],
    ['[logs]\nendpoint = "http://collector.example/v1/logs"', 'is http to collector.example: entries name models, keys and callers', ''],
    ['[logs]\nheaders_file = "h"', 'logs.headers_file is there without logs.endpoint', 'say where the logs go'],
    ['[log]\nlevel = "loud"', 'setting log.level is "loud", want one of debug, info, warn, error', ''],
    ['[listen.tls]\naddress = "here"', 'listen.tls.address is "here", want host:port', ''],
    ['[listen.tls]\naddress = "h:70000"', 'want host:port', ''],
    ['[listen.tls]\naddress = "h:1"', 'setting listen.tls.certificate is missing', ''],
    ['[token.env]\nNODE_OPTIONS = "--inspect"', 'token.env.NODE_OPTIONS would steer the key host', 'what the PKCS#11 module asks for'],
    ['[token.env]\nLD_PRELOAD = "x.so"', 'token.env.LD_PRELOAD would steer the key host', ''],
    ['[token.env]\nX = 1', 'setting token.env.X is 1, want a text in quotes', ''],
    ['[token.env]\n"a b" = "1"', 'is no name of an environment variable', ''],
    ['[audit]\norigin = "o"\nlisten = "here"', 'audit.listen is "here", want host:port', ''],
    ['[audit]\norigin = "o"\nlisten = "h:1"\ncertificate = "c"', 'audit.certificate and audit.private_key go together', ''],
    ['[audit]\norigin = "o"\ncertificate = "c"\nprivate_key = "k"', 'audit.certificate is there without audit.listen', ''],
    ['[[policy.allow]]\nidentity = "x"', 'operations', ''],
    ['[audit]\norigin = "o"\nwitness_quorum = 1', 'there is a quorum of witnesses, or a wait for it, and no [[audit.witness]]', ''],
    ['[audit]\norigin = "o"\n[audit.timestamps]\nevery = "1h"', 'is there without audit.timestamps.url', ''],
    ['[audit]\norigin = "o"\n[audit.timestamps]\nurl = "https://tsa.example/"', 'audit.timestamps.ca is missing', ''],
    ['[audit]\norigin = "o"\n[audit.timestamps]\nurl = "ldap://tsa.example/"\nca = "a.pem"', 'want http:// or https://', ''],
    ['[audit]\norigin = "o"\n[audit.timestamps]\nurl = "https://tsa.example/"\nca = "a.pem"\nevery = "soon"', 'want a number and s, m, h or d', ''],
    ['[trust]\nwitness_quorum = 1', 'and no [[audit.witness]]', ''],
    [withWitness(''), 'audit.witness_quorum is 0, want 1 to 1', ''],
    [withWitness('witness_quorum = 2'), 'audit.witness_quorum is 2, want 1 to 1', ''],
    [`${withWitness('witness_quorum = 1')}[trust]\nwitness_quorum = 2`, 'trust.witness_quorum is 2, want at most audit.witness_quorum, 1', ''],
    [withWitness('witness_quorum = 1', { url: 'ftp://w.example' }), 'has no url such as https://', ''],
    [withWitness('witness_quorum = 1', { name: 'w.example/2' }), 'has keys named "w.example/1"', ''],
    [withWitness('witness_quorum = 1', { keys: ['x'] }), 'witness key is "x"', ''],
    [withWitness('witness_quorum = 1', { colour: 'red' }), 'unknown setting "colour", want name, url, keys', ''],
    [`${withWitness('witness_quorum = 1')}${withWitness('').split('\n').slice(3).join('\n')}`, 'is there twice', ''],
    ['[token', 'not valid TOML', ''],
  ])('%j', (more, message, hint) => {
    const base = /^\[token(?:\]|$)/.test(more) ? '' : '[token]\nuri = "pkcs11:token=a"\n'
    const error = refusal(`${base}${more}\n${/\[audit/.test(more) ? '' : '[audit]\norigin = "o"\n'}`)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(message)
    expect(error.hint).toContain(hint)
  })

  it.each(['token.uri', 'audit.origin'])('without %s', (setting) => {
    const [table = '', name = ''] = setting.split('.')
    const lines = ['[token]', 'uri = "pkcs11:token=a"', '[audit]', 'origin = "o"']
    lines[lines.indexOf(`[${table}]`) + 1] = ''
    expect(refusal(lines.join('\n')).message).toContain(`setting ${table}.${name} is missing`)
  })
})

function refusal(text: string): SealstoneError {
  try {
    parseConfig(text, HOME)
  } catch (error) {
    if (error instanceof SealstoneError) return error
    throw error
  }
  throw new Error('the configuration was not refused')
}

function withWitness(settings: string, changes: Readonly<Record<string, string | readonly string[]>> = {}): string {
  const table = {
    name: 'w.example/1',
    url: 'https://w.example/1',
    keys: witnessVkeys(softwareWitness('w.example/1', new Uint8Array(32))),
    ...changes,
  }
  const lines = Object.entries(table).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
  return ['[audit]', 'origin = "o"', settings, '[[audit.witness]]', ...lines, ''].join('\n')
}
