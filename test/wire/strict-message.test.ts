/** Hostile protobuf bytes are refused, not repaired; and what a real encoder writes is accepted. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { decodeStrictly, loadProtos, type SignRequestInit } from '#wire'

const { definition, SigningService, AuditService } = loadProtos()
const { requestType } = SigningService.service.Sign

function decode(bytes: Buffer) {
  return decodeStrictly(definition, requestType, bytes)
}

const REQUEST: SignRequestInit = {
  key: 'default',
  idempotencyKey: 'id-1',
  manifest: {
    modelName: 'модель',
    serialization: { method: 'METHOD_SHARDS', hashType: 'HASH_TYPE_SHA256', shardSize: '1000000000', allowSymlinks: true, ignorePaths: ['.git'] },
    resources: [{ name: 'a/ü.bin:0:5', digest: Buffer.alloc(32, 7), size: '5' }],
  },
}

describe('a request', () => {
  it('is read as it was written', () => {
    const message = decode(requestType.serialize(REQUEST))
    expect(message).toMatchObject({ key: 'default', content: 'manifest', manifest: { modelName: 'модель', resources: [{ size: '5' }] } })
    expect(message.manifest?.serialization).toMatchObject({ method: 'METHOD_SHARDS', shardSize: '1000000000' })
  })

  it('may have fields that this version does not know', () => {
    const unknown = Buffer.from([0xf8, 0x07, 0x01]) // field 127, varint 1
    expect(decode(Buffer.concat([requestType.serialize(REQUEST), unknown])).key).toBe('default')
  })

  it.each<[string, number[]]>([
    ['text that is not UTF-8', [0x0a, 0x02, 0xc3, 0x28]],
    ['text that is cut short', [0x0a, 0x05, 0x61, 0x62]],
    ['a tag that is cut short', [0x0a, 0x01, 0x61, 0x80]],
    ['a group', [0x1b, 0x1c]],
    ['a group that never ends', Array.from({ length: 1000 }, () => 0x1b)],
    ['field number 0', [0x02, 0x00]],
    ['a number of eleven bytes', [0x08, ...Array.from({ length: 11 }, () => 0xff)]],
    ['a text field as a number', [0x08, 0x01]],
    ['a message field as a fixed 32-bit number', [0x1d, 0, 0, 0, 0]],
    ['a length beyond every message', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a nested name that is not UTF-8', [0x1a, 0x04, 0x0a, 0x02, 0xff, 0xfe]],
    ['a nested message longer than its outer one', [0x1a, 0x02, 0x0a, 0x05, 0x61, 0x61, 0x61, 0x61, 0x61]],
  ])('is refused for %s', (_, bytes) => {
    expect(() => decode(Buffer.from(bytes))).toThrow(expect.objectContaining({ code: 'FORMAT_INVALID' }))
  })

  it('is refused wherever it is cut, unless the cut is between fields', () => {
    const whole = requestType.serialize({ manifest: REQUEST.manifest ?? null })
    for (let length = 1; length < whole.length; length++) {
      expect(() => decode(whole.subarray(0, length)), `cut to ${length} bytes`).toThrow(expect.objectContaining({ code: 'FORMAT_INVALID' }))
    }
  })

  it('of random bytes is read or refused, never anything else', () => {
    const readers = [
      decode,
      (bytes: Buffer) => decodeStrictly(definition, SigningService.service.Verify.requestType, bytes),
      (bytes: Buffer) => decodeStrictly(definition, AuditService.service.ListEntries.requestType, bytes),
    ]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...readers), (bytes, read) => {
        expect(['read', 'FORMAT_INVALID']).toContain(outcome(() => read(Buffer.from(bytes))))
      }),
      { numRuns: 3000 },
    )
  })

  it('costs ten times as much with ten times as many resources, not a hundred times', () => {
    const cost = (count: number): number => {
      const resources = Array.from({ length: count }, (_, index) => ({ name: `weights/part-${index}.bin`, digest: Buffer.alloc(32), size: '1000' }))
      const bytes = requestType.serialize({ manifest: { modelName: 'm', resources } })
      const before = process.cpuUsage()
      expect(decode(bytes).manifest?.resources).toHaveLength(count)
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    cost(1000) // compiles
    expect(cost(100_000) / cost(10_000)).toBeLessThan(50)
  })
})

function outcome(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    return error instanceof SealstoneError ? error.code : String(error)
  }
}
