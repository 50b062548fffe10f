/** Cosignatures in both directions with github.com/transparency-dev/formats, which `test/support/go-witness` runs: another implementation in Go. */
import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { fromBase64, toHex } from '#core'
import { countCosignatures, openCheckpoint, parseNote, parseWitness, type WitnessKeyType, witnessVkeys } from '#tlog'
import { buildGo } from '../support/go.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'

const TIME = 1_679_315_147n
const log = softwareLog('log.example/models')
const note = log.signNow({ origin: log.origin, size: 20_852_163n, root: fromBase64('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=') }, TIME)
let go: string
beforeAll(() => {
  go = buildGo('go-witness')
})
const run = (args: readonly string[], input: string): string => execFileSync(go, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })

describe('what Go cosigns', () => {
  it('counts here, with both keys, below the signatures of the log', () => {
    const signed = JSON.parse(run(['sign', 'witness.example/go'], note)) as { note: string; vkeys: string[] }
    const [cosignature, ...others] = countCosignatures(signed.note, [parseWitness(signed.vkeys)], nobleVerifier)
    expect(cosignature?.witness).toBe('witness.example/go')
    expect(others).toEqual([])
    expect(Math.abs(Number(cosignature?.timestampSeconds) - Date.now() / 1000)).toBeLessThan(60)
    expect(openCheckpoint(signed.note, log.keys, nobleVerifier).size).toBe(20_852_163n)
  })
})

describe('what we cosign', () => {
  const witness = softwareWitness('witness.example/w1')

  it.each<WitnessKeyType[]>([['cosignature-ed25519'], ['ml-dsa-44'], ['cosignature-ed25519', 'ml-dsa-44']])('verifies in Go', (...types) => {
    const vkeys = witnessVkeys({ ...witness, keys: witness.keys.filter(({ type }) => types.includes(type)) })
    const times = run(['verify', ...vkeys], witness.cosign(note, TIME, types))
      .trim()
      .split('\n')
    expect(times).toEqual(types.map(() => String(TIME)))
  })

  it('does not verify there when the key, the text or the time is another', () => {
    const cosigned = witness.cosign(note, TIME)
    for (const key of witness.keys) {
      const [vkey] = witnessVkeys({ ...witness, keys: [key] })
      expect(vkey).toContain(toHex(key.keyId))
      expect(() => run(['verify', vkey as string], cosigned.replace('20852163', '20852164'))).toThrow(/invalid signature|no verifiable/)
    }
    expect(() => run(['verify', ...witnessVkeys(softwareWitness(witness.name))], cosigned)).toThrow(/no verifiable/)
    expect(parseNote(cosigned).signatures).toHaveLength(4)
  })
})
