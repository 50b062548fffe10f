/** Cosignatures of witnesses: what another implementation made counts, and nothing counts that is not a known witness's own word. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromBase64 } from '#core'
import {
  countCosignatures,
  encodeVerifierKey,
  formatAddCheckpoint,
  formatNote,
  formatTreeSize,
  openCheckpoint,
  parseAddCheckpoint,
  parseNote,
  parseSignatureLines,
  parseTreeSize,
  parseVerifierKey,
  parseWitness,
  parseWitnessKey,
  refuseDoubleWitnesses,
  witnessVkeys,
} from '#tlog'
import { flipBit, refusal } from '../support/hostile.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'

const CHECKPOINT = { origin: 'log.example/models', size: 20_852_163n, root: fromBase64('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=') }
const TIME = 1_679_315_147n
const SEED = Uint8Array.from({ length: 32 }, (_, at) => at)
const log = softwareLog(CHECKPOINT.origin, SEED)
const note = log.signNow(CHECKPOINT, TIME)
const [first, second] = [softwareWitness('witness.example/w1'), softwareWitness('witness.example/w2')]

const count = (text: string, witnesses = [first, second]): string[] => countCosignatures(text, witnesses, nobleVerifier).map(({ witness }) => witness)

// Made with github.com/transparency-dev/formats 0.1.1 (Go), by test/support/go-witness: `go-witness sign witness.example/w1`.
const FOREIGN = JSON.parse(readFileSync(new URL('../vectors/cosignature/transparency-dev-formats-0.1.1.json', import.meta.url), 'utf8')) as {
  note: string
  vkeys: string[]
}

describe('a note that another implementation cosigned', () => {
  const witness = parseWitness(FOREIGN.vkeys)

  it('counts with both of its keys, Ed25519 and ML-DSA-44, and says when', () => {
    expect(witness.keys.map(({ type }) => type)).toEqual(['cosignature-ed25519', 'ml-dsa-44'])
    const [cosignature] = countCosignatures(FOREIGN.note, [witness], nobleVerifier)
    expect(cosignature?.witness).toBe('witness.example/w1')
    expect(Number(cosignature?.timestampSeconds)).toBeGreaterThan(1_700_000_000)
    expect(witnessVkeys(witness)).toEqual(FOREIGN.vkeys)
  })

  it('still opens under the keys of its log', () => {
    expect(openCheckpoint(FOREIGN.note, log.keys, nobleVerifier).size).toBe(CHECKPOINT.size)
  })

  it.each([0, 1])('does not count with a bit changed in the line of key %i', (at) => {
    const { text, signatures } = parseNote(FOREIGN.note)
    const changed = signatures.map((line, index) => (index === 2 + at ? { ...line, signature: flipBit(line.signature, 30) } : line))
    expect(count(formatNote({ text, signatures: changed }), [{ ...first, ...witness }])).toEqual([])
  })
})

describe('counting cosignatures', () => {
  it('counts each known witness once, in the order of the list, with the time of its older half', () => {
    const cosigned = second.cosign(first.cosign(first.cosign(note, TIME, ['ml-dsa-44']), TIME + 9n), TIME + 5n)
    expect(countCosignatures(cosigned, [first, second], nobleVerifier)).toEqual([
      { witness: first.name, timestampSeconds: TIME + 9n },
      { witness: second.name, timestampSeconds: TIME + 5n },
    ])
    const halves = first.cosign(first.cosign(note, TIME, ['ml-dsa-44']), TIME + 9n, ['cosignature-ed25519'])
    expect(countCosignatures(halves, [first], nobleVerifier)).toEqual([{ witness: first.name, timestampSeconds: TIME }])
  })

  it('wants every key that is listed for a witness, and no more than those', () => {
    const half = first.cosign(note, TIME, ['cosignature-ed25519'])
    expect(count(half)).toEqual([])
    expect(count(half, [{ ...first, keys: first.keys.slice(0, 1) }])).toEqual([first.name])
  })

  it('ignores strangers, a stranger under a known name, and the log itself', () => {
    expect(count(softwareWitness('witness.example/w3').cosign(note))).toEqual([])
    expect(count(softwareWitness(first.name).cosign(note))).toEqual([])
    expect(count(note)).toEqual([])
  })

  it('does not take a cosignature from one checkpoint to another', () => {
    const { signatures } = parseNote(first.cosign(note, TIME))
    for (const other of [{ size: CHECKPOINT.size + 1n }, { root: flipBit(CHECKPOINT.root, 3) }, { origin: 'log.example/other' }]) {
      const { text } = parseNote(log.signNow({ ...CHECKPOINT, ...other }, TIME))
      expect(count(formatNote({ text, signatures }))).toEqual([])
    }
  })

  it('does not count a signature that says nothing of time, or another time than was signed', () => {
    expect(count(first.cosign(note, 0n))).toEqual([])
    const { text, signatures } = parseNote(first.cosign(note, TIME))
    expect(count(formatNote({ text, signatures: signatures.map((line) => ({ ...line, signature: flipBit(line.signature, 7) })) }))).toEqual([])
    expect(count(formatNote({ text, signatures: signatures.map((line) => ({ ...line, signature: line.signature.slice(0, -1) })) }))).toEqual([])
  })

  it("does not take a log's own kind of Ed25519 signature for a witness's", () => {
    const { text, signatures } = parseNote(note)
    const keyId = first.keys[0]?.keyId as Uint8Array
    const disguised = signatures.slice(0, 1).map((line) => ({ ...line, name: first.name, keyId }))
    expect(count(formatNote({ text, signatures: disguised }))).toEqual([])
  })
})

describe('keys of witnesses', () => {
  it('have key types of their own: a log key is none, and the reverse', () => {
    expect(refusal(() => parseWitnessKey(encodeVerifierKey(log.keys[0])))).toBe('FORMAT_INVALID')
    expect(refusal(() => parseVerifierKey(encodeVerifierKey(first.keys[0] as (typeof first.keys)[number])))).toBe('FORMAT_INVALID')
    expect(parseWitnessKey(encodeVerifierKey(log.keys[1])).type).toBe('ml-dsa-44') // type 06 is both
  })

  it('are refused when a witness has none, two names or two of one type', () => {
    const [ed25519, mlDsa44] = witnessVkeys(first) as [string, string]
    expect(refusal(() => parseWitness([]))).toBe('FORMAT_INVALID')
    expect(refusal(() => parseWitness([ed25519, witnessVkeys(second)[1] as string]))).toBe('FORMAT_INVALID')
    expect(refusal(() => parseWitness([mlDsa44, mlDsa44]))).toBe('FORMAT_INVALID')
  })

  it('are refused when one would count twice under two names', () => {
    const [one, two] = [softwareWitness('witness.example/a', SEED), softwareWitness('witness.example/b', SEED)]
    expect(refusal(() => refuseDoubleWitnesses([one, two]))).toBe('FORMAT_INVALID')
    expect(refusal(() => refuseDoubleWitnesses([first, second]))).toBe('nothing thrown')
  })
})

describe('the request of a log to a witness', () => {
  const proof = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

  it('is read as it was written', () => {
    const request = { oldSize: 20_852_014n, proof, checkpoint: note }
    expect(parseAddCheckpoint(formatAddCheckpoint(request))).toEqual(request)
    expect(formatAddCheckpoint({ oldSize: 0n, proof: [], checkpoint: note })).toBe(`old 0\n\n${note}`)
  })

  it('is the one in the text of c2sp.org/tlog-witness', () => {
    const sample = parseAddCheckpoint(
      'old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n' +
        '5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\nexample.com/behind-the-sofa\n20852163\n' +
        'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa ' +
        'Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n',
    )
    expect(sample.oldSize).toBe(20_852_014n)
    expect(sample.proof).toHaveLength(4)
    expect(parseNote(sample.checkpoint).signatures).toHaveLength(1)
  })

  it.each([
    ['no old size', '\n\nlog\n'],
    ['an old size with a leading zero', `old 01\n\n${note}`],
    ['a negative old size', `old -1\n\n${note}`],
    ['another first word', `size 1\n\n${note}`],
    ['a proof line that is too short', `old 1\nAAAA\n\n${note}`],
    ['64 proof lines', `old 1\n${'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n'.repeat(64)}\n${note}`],
    ['no empty line', 'old 1\nlog\n'],
  ])('is refused with %s', (_what, body) => {
    expect(refusal(() => parseAddCheckpoint(body))).toBe('FORMAT_INVALID')
  })

  it('is refused when it is too long', () => {
    expect(refusal(() => parseAddCheckpoint(`old 0\n\n${'x'.repeat(300_000)}`))).toBe('INPUT_TOO_LARGE')
  })

  it('is answered with signature lines or with a size', () => {
    expect(parseSignatureLines(note.slice(note.indexOf('—')))).toEqual(parseNote(note).signatures)
    for (const bad of ['', '\n', '— a\n', note.slice(note.indexOf('—'), -1)])
      expect(
        refusal(() => parseSignatureLines(bad)),
        bad,
      ).toBe('FORMAT_INVALID')
    expect(parseTreeSize(formatTreeSize(17n))).toBe(17n)
    for (const bad of ['17', '017\n', '17 \n', '\n', '1e3\n'])
      expect(
        refusal(() => parseTreeSize(bad)),
        bad,
      ).toBe('FORMAT_INVALID')
  })
})
