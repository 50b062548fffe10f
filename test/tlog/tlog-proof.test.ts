/** c2sp.org/tlog-proof@v1: written, read strictly, and verified with nothing but the log's keys. */
import { describe, expect, it } from 'vitest'
import { utf8 } from '#core'
import { formatTlogProof, GrowingTree, inclusionProof, parseTlogProof, type TlogProof, verifyTlogProof } from '#tlog'
import { flipBit, refusal } from '../support/hostile.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'

const log = softwareLog('log.example/models')
const leaf = utf8('leaf 5')

function makeProof(): TlogProof {
  const tree = GrowingTree.empty()
  for (let index = 0; index < 11; index++) tree.append(utf8(`leaf ${index}`))
  const edgeOnly = (height: number, index: bigint): Uint8Array => {
    throw new Error(`node ${height}/${index} is not at the edge`)
  }
  const hashes = inclusionProof(5n, 11n, tree.reader(edgeOnly))
  return { index: 5n, hashes, checkpoint: log.signNow({ origin: log.origin, size: 11n, root: tree.root() }) }
}

const proof = makeProof()
const text = formatTlogProof(proof)

describe('the text', () => {
  it('has the lines of the specification', () => {
    const lines = text.split('\n')
    expect(lines.slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 5'])
    expect(lines.slice(2, 6).every((line) => /^[A-Za-z0-9+/]{43}=$/.test(line))).toBe(true)
    expect(lines.slice(6, 9)).toEqual(['', 'log.example/models', '11'])
    expect(text.endsWith(proof.checkpoint)).toBe(true)
  })

  it('reads back as it was written, with and without extra data, and for a tree of one leaf', () => {
    expect(parseTlogProof(text)).toEqual(proof)
    const withExtra = { ...proof, extra: utf8('context') }
    expect(parseTlogProof(formatTlogProof(withExtra))).toEqual(withExtra)
    expect(formatTlogProof(withExtra).split('\n')[1]).toBe('extra Y29udGV4dA==')
    const alone = { index: 0n, hashes: [], checkpoint: proof.checkpoint }
    expect(parseTlogProof(formatTlogProof(alone))).toEqual(alone)
  })

  it.each([
    ['another version', text.replace('@v1', '@v2')],
    ['an index with a leading zero', text.replace('index 5', 'index 05')],
    ['no index', text.replace('index 5\n', '')],
    ['a second extra line', text.replace('index 5', 'extra AA==\nextra AA==\nindex 5')],
    ['extra after index', text.replace('index 5', 'index 5\nextra AA==')],
    ['a hash cut short', text.replace(/\n[A-Za-z0-9+/]{43}=\n/, '\nAAAA\n')],
    ['carriage returns', text.replaceAll('\n', '\r\n')],
    ['64 hashes', text.replace('index 5', `index 5${`\n${'A'.repeat(43)}=`.repeat(64)}`)],
    ['nothing after the header', 'c2sp.org/tlog-proof@v1\n'],
    ['nothing', ''],
  ])('is refused with %s', (_what, hostile) => {
    expect(refusal(() => parseTlogProof(hostile))).toBe('FORMAT_INVALID')
  })
})

describe('verifying', () => {
  const verify = (changed: Partial<TlogProof>, bytes = leaf) => verifyTlogProof({ ...proof, ...changed }, bytes, log.keys, nobleVerifier)

  it('answers the checkpoint that covers the leaf', () => {
    expect(verify({})).toMatchObject({ origin: log.origin, size: 11n })
  })

  it('refuses another leaf, index, hash, checkpoint or log', () => {
    expect(refusal(() => verify({}, utf8('leaf 6')))).toBe('VERIFICATION_FAILED')
    expect(refusal(() => verify({ index: 4n }))).toBe('VERIFICATION_FAILED')
    expect(refusal(() => verify({ index: 11n }))).toBe('VERIFICATION_FAILED')
    expect(refusal(() => verify({ hashes: proof.hashes.map((hash) => flipBit(hash, 3)) }))).toBe('VERIFICATION_FAILED')
    expect(refusal(() => verify({ checkpoint: proof.checkpoint.replace('\n11\n', '\n12\n') }))).toBe('VERIFICATION_FAILED')
    expect(refusal(() => verifyTlogProof(proof, leaf, softwareLog(log.origin).keys, nobleVerifier))).toBe('VERIFICATION_FAILED')
  })
})
