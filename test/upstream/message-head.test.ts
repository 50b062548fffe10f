/** The head of a message, found without parsing it: the same as JSON.parse sees, and nothing where that sees nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeadScanner } from '../../src/upstream/head-scanner.ts'

describe('the head of a message', () => {
  it('is what JSON.parse finds, in whatever pieces it comes', () => {
    const message = fc.record({
      id: fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer()),
      method: fc.string(),
      params: fc.record({ name: fc.string(), arguments: fc.jsonValue() }),
    })
    fc.assert(
      fc.property(message, fc.integer({ min: 1, max: 20 }), fc.constantFrom(undefined, 1), (written, size, indent) => {
        const head = scan(JSON.stringify(written, undefined, indent), size)
        expect(head).toEqual({ id: JSON.stringify(written.id), method: written.method, params: { name: written.params.name } })
      }),
    )
  })

  it.each([
    '{"method" "a"}',
    '{"method":"a" "id":1}',
    '{"method":"a","x":"y"jsonrpc"z"}',
    '{"method":"a",:1}',
    '{"method":"a","x":[1 2]}',
    '{"method":"a","x":[}]',
    '{"method":"a","x":{1}}',
    '{"method":"a","x":}',
    '{"method":"a","id":0x5}',
    '{"method":"a"}{}',
    '{"method":"a","Method":"b"}',
    '{"id":1,"result":{},"re\u017fult":{}}',
    '{"id":1,"result":{},"result":{}}',
    '{"id":1,"method":"a","\\u006dethod":"b"}',
    '\uFEFF{"method":"a"}',
    '{"method":"a","params":{"name":"a","n\\u0061me":"b"}}',
    '{"method":"a","params":{},"params":{}}',
    '{"method":"a","params":{"progressToken":1,"progressToken":2}}',
    '{"id":{},"method":"a"}',
    '{"id":true,"method":"a"}',
  ])('is refused of %s', (text) => {
    for (const size of [1, 1000]) expect(() => scan(text, size)).toThrow(expect.objectContaining({ code: 'MCP_SERVER_FAULT' }))
  })
})

describe('the result of an answer', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"result":{"a":{"b":[{}]},"resultType":"complete"}}', { resultType: '"complete"' }, false],
    ['{"result" : { } ,"id":1}', {}, true],
    ['{"id":1,"result":{"x":"}}","ttlMs":5,"cacheScope":{"a":"b"}} }', { ttlMs: '5', cacheScope: '' }, false],
  ])('in %s is found with its end, whatever the pieces', (text, members, isEmpty) => {
    const end = text.lastIndexOf('}', text.indexOf(',"id":1}') === -1 ? text.length - 2 : text.indexOf(',"id":1}'))
    for (const size of [1, 2, 3, 7, 1000]) expect(scan(text, size).result).toEqual({ end, isEmpty, members })
  })

  it.each(['[{}]', '"a"', 'null', '5'])('is none where it is no object: %s', (result) => {
    expect(scan(`{"id":1,"result":${result}}`, 1000).result).toBeUndefined()
  })

  it('is refused where it says what matters twice', () => {
    expect(() => scan('{"id":1,"result":{"resultType":"complete","resultType":"input_required"}}', 1000)).toThrow(/"resultType" appears twice/)
  })
})

function scan(text: string, size: number): ReturnType<HeadScanner['end']> {
  const scanner = new HeadScanner(100)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size))
  return scanner.end()
}
