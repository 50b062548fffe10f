/** Stories told by a log that lies, or that does not know the end. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newOperationId, parseIdentity, utf8, utf8Text } from '#core'
import { type LogReader, tellStory } from '#review'
import { formatTlogProof, parseLeaf, parseTlogProof } from '#tlog'
import { intent, outcome } from '../audit/support.ts'
import { softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'
import { reviewedLog, type ReviewedLog } from './support.ts'

let log: ReviewedLog
const operationId = newOperationId()
const open = newOperationId()
const died = newOperationId()
const refused = newOperationId()

beforeAll(async () => {
  log = await reviewedLog()
  await log.audit.append(intent({ operationId }))
  await log.audit.complete(outcome({ operationId, modelDigest: `sha256:${'ab'.repeat(32)}` }))
  await log.audit.append(intent({ operationId: open }))
  await log.audit.append(intent({ operationId: died }))
  await log.audit.append(outcome({ operationId: died, result: 'unknown', reason: 'the daemon died' }))
  await log.audit.append({
    ...intent({ operationId: refused }),
    kind: 'refused',
    caller: parseIdentity('spiffe://example.org/mallory'),
    errorCode: 'PERMISSION_DENIED',
    reason: 'no rule allows it',
  })
})
afterAll(() => log[Symbol.asyncDispose]())

const tell = (id: string, reader: LogReader = log.reader, trust = log.trust) => tellStory(reader, trust, { by: 'operation', operationId: id })

it('says of a signature what proves it', async () => {
  const { ok, steps } = await tell(operationId)
  expect(ok).toBe(true)
  expect(steps.find(({ step }) => step === 'receipt')).toMatchObject({ status: 'proven', index: 2n })
})

it('says of an intent without outcome that nobody knows', async () => {
  expect((await tell(open)).steps.find(({ step }) => step === 'outcome')).toMatchObject({ status: 'missing' })
  expect((await tell(died)).steps.find(({ step }) => step === 'outcome')?.text).toMatch(/cannot be known, none was released/)
})

it('says of a refusal who was refused and why', async () => {
  const { steps } = await tell(refused)
  expect(steps[0]?.text).toBe('spiffe://example.org/mallory asked for sign of bert')
  expect(steps[1]).toMatchObject({ step: 'decision', text: 'refused: no rule allows it', facts: { errorCode: 'PERMISSION_DENIED' } })
})

it('finds a leaf that the reader was given in place of the right one', async () => {
  const lying: LogReader = {
    ...log.reader,
    listEntries: async function* (filter) {
      for await (const { index, bytes } of log.reader.listEntries(filter, {})) {
        const forged = utf8(utf8Text(bytes).replace('"bert"', '"best"'))
        yield { index, bytes: forged, leaf: parseLeaf(forged) }
      }
    },
  }
  const { ok, steps } = await tell(operationId, lying)
  expect(ok).toBe(false)
  expect(steps.find(({ status }) => status === 'wrong')?.text).toBe('the receipt of entry 2 is of another leaf')
})

it('finds a checkpoint that other keys signed', async () => {
  const { keys } = softwareLog('log.example/models')
  const { ok, steps } = await tell(operationId, log.reader, { ...log.trust, keys })
  expect(ok).toBe(false)
  expect(steps.find(({ status }) => status === 'wrong')?.text).toMatch(/does not hold under the keys of log.example\/models/)
})

it('tells an entry that shares its operation with many others alone', async () => {
  const { entries } = await tellStory(log.reader, log.trust, { by: 'index', index: 0n })
  expect(entries.map(({ index }) => index)).toEqual([0n])
})

it('demands the quorum of witnesses that the trust file asks for, as a verifier does', async () => {
  const [first, second] = [softwareWitness('witness.example/w1'), softwareWitness('witness.example/w2')]
  const cosigned: LogReader = {
    ...log.reader,
    getReceipt: async (index) => {
      const receipt = await log.audit.receipt(index)
      const proof = parseTlogProof(receipt.proof)
      return { ...receipt, proof: formatTlogProof({ ...proof, checkpoint: first.cosign(proof.checkpoint) }) }
    },
  }
  const judged = async (quorum: number): Promise<unknown> => {
    const { ok, steps } = await tell(operationId, cosigned, { ...log.trust, witnesses: [first, second], quorum })
    return { ok, text: steps.find(({ step }) => step === 'receipt')?.text }
  }
  expect(await judged(1)).toMatchObject({ ok: true, text: expect.stringMatching(/, with cosignatures by 1 of 2 witnesses$/) })
  expect(await judged(2)).toMatchObject({ ok: false, text: expect.stringMatching(/has cosignatures by 1 of 2 witnesses, the trust file wants 2$/) })
})
