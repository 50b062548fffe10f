/** Errors cross the wire with their code, and say nothing of the daemon's inside. */
import { Metadata, status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE, type ErrorCode, SealstoneError } from '#core'
import { errorTranslator } from '#wire'

const translator = errorTranslator()
const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[]

describe('an error on the wire', () => {
  it.each(CODES)('%s keeps its code and has the status of the catalogue', (code) => {
    const sent = translator.encode(new SealstoneError(code, 'what was met'))
    expect(status[sent.code]).toBe(ERROR_CATALOGUE[code].grpc)
    expect(translator.decode(sent)).toMatchObject({ code })
  })

  it('tells what is wrong with the request, with hint and facts', () => {
    const error = new SealstoneError('KEY_UNKNOWN', 'no key is named "defautl"', { hint: 'did you mean default?', details: { field: 'key' } })
    expect(translator.decode(translator.encode(error))).toMatchObject({
      code: 'KEY_UNKNOWN',
      message: 'no key is named "defautl"',
      hint: 'did you mean default?',
      details: { field: 'key' },
    })
  })

  it('tells of the daemon itself in the words of the catalogue only', () => {
    const secret = 'SECRET'
    for (const code of CODES.filter((name) => ['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'].includes(ERROR_CATALOGUE[name].grpc))) {
      const error = new SealstoneError(code, `/home/x/${secret}`, { hint: secret, details: { path: secret }, cause: new Error(secret) })
      const sent = translator.encode(error)
      expect(sent.details).toBe(ERROR_CATALOGUE[code].text)
      expect(String(sent.metadata.get('grpc-status-details-bin')[0])).not.toContain(secret)
    }
  })

  it('survives text that has no UTF-8 form and text of any length', () => {
    const sent = translator.encode(new SealstoneError('INPUT_INVALID', `\ud800${'€'.repeat(100_000)}`))
    expect(sent.details.length).toBeLessThan(1100)
    expect(() => encodeURI(sent.details)).not.toThrow()
  })
})

describe('a status without details', () => {
  it.each([
    [status.UNAVAILABLE, 'DAEMON_UNAVAILABLE'],
    [status.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED'],
    [status.CANCELLED, 'CANCELLED'],
    [status.RESOURCE_EXHAUSTED, 'MESSAGE_TOO_LARGE'],
    [status.UNIMPLEMENTED, 'INTERNAL'],
  ])('%s becomes %s', (code, want) => {
    expect(translator.decode({ code, details: 'x', metadata: new Metadata() }).code).toBe(want)
  })

  it('is believed over a trailer that is garbage, foreign or of an unknown code', () => {
    const garbage = new Metadata()
    garbage.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]))
    expect(translator.decode({ code: status.UNAVAILABLE, details: '', metadata: garbage }).code).toBe('DAEMON_UNAVAILABLE')
  })
})
