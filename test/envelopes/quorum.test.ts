/** A verifier that demands witnesses: how many must have cosigned the checkpoint of a receipt, and what it says if they have not. */
import { describe, expect, it } from 'vitest'
import { utf8 } from '#core'
import { judgeInclusion } from '#envelopes'
import { leafHash, type TlogProof } from '#tlog'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'

const log = softwareLog('log.example/models')
const witnesses = ['witness.example/1', 'witness.example/2', 'witness.example/3'].map((name) => softwareWitness(name))
const leaf = utf8('a leaf')
const note = log.signNow({ origin: log.origin, size: 1n, root: leafHash(leaf) })

const judge = (checkpoint: string, quorum: number, known = witnesses) => {
  const proof: TlogProof = { index: 0n, hashes: [], checkpoint }
  return judgeInclusion(proof, leaf, { keys: log.keys, verifier: nobleVerifier, witnesses: known, quorum })
}

describe('a quorum of witnesses', () => {
  const byOne = (witnesses[0] as (typeof witnesses)[number]).cosign(note)
  const byTwo = (witnesses[2] as (typeof witnesses)[number]).cosign(byOne)

  it('is reached by so many known witnesses, whoever they are', () => {
    expect(judge(byTwo, 2)).toMatchObject({ status: 'passed', reason: expect.stringMatching(/, with cosignatures by 2 of 3 witnesses$/) })
  })

  it('is not reached by fewer, by strangers, or by one witness twice', () => {
    const failed = { status: 'failed', reason: 'receipt has cosignatures by 1 of 3 witnesses, the trust file wants 2' }
    expect(judge(byOne, 2)).toMatchObject(failed)
    expect(judge(softwareWitness('witness.example/9').cosign(byOne), 2)).toMatchObject(failed)
    expect(judge((witnesses[0] as (typeof witnesses)[number]).cosign(byOne), 2)).toMatchObject(failed)
  })

  it('does not replace a signature of the log', () => {
    expect(judge(byTwo.replace(/— log\.example.*\n/u, ''), 2)).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/no ed25519 signature/),
    })
  })

  it('is not demanded where the trust file only names witnesses, or none', () => {
    expect(judge(note, 0)).toMatchObject({ status: 'passed', reason: expect.stringMatching(/by 0 of 3 witnesses$/) })
    expect(judge(byTwo, 0, [])).toMatchObject({ status: 'passed', reason: expect.not.stringMatching(/witness/) })
  })
})
