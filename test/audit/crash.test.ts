/** kill -9 in the middle of signing, again and again on one log: nothing that was answered is missing, nothing is forked, every intent is closed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { verifyWholeLog } from '#audit'
import { toHex } from '#core'
import { decodeCheckpoint, parseNote, verifyConsistency } from '#tlog'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { checkReceipt, type OpenLog, openLog } from './support.ts'

const ROUNDS = 6
const seed = crypto.getRandomValues(new Uint8Array(32))
const log = softwareLog('log.example/models', seed)

interface Told {
  recovered: number
  intents: bigint[]
  answers: { index: bigint; key: string; digest: string }[]
}

/** Starts a signer, kills it a random moment after it has given some answers, and returns what it told. */
async function signAndKill(folder: string, round: number): Promise<Told> {
  const script = fileURLToPath(new URL('append-until-killed.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [script, folder, toHex(seed), String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const exited = once(child, 'exit')
  while (!/answer .*\n/.test(text)) {
    if (child.exitCode !== null) throw new Error(`the child ended with ${child.exitCode}: ${text}`)
    await pause(2)
  }
  await pause(Math.random() * 120)
  child.kill('SIGKILL')
  expect(await exited).toEqual([null, 'SIGKILL'])

  const lines = text.split('\n').slice(0, -1) // a line cut by the kill was not given
  const words = (name: string): string[][] => lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.split(' ').slice(1))
  return {
    recovered: Number(words('recovered')[0]?.[0]),
    intents: words('intent').map(([index]) => BigInt(index as string)),
    answers: words('answer').map(([index, key, digest]) => ({
      index: BigInt(index as string),
      key: Buffer.from(key as string, 'hex').toString(),
      digest: digest as string,
    })),
  }
}

async function checkRecovery({ audit, db }: OpenLog, size: bigint, openIntents: number): Promise<void> {
  expect(await audit.recover()).toBe(openIntents)
  expect(audit.size()).toBe(size + BigInt(openIntents === 0 ? 0 : openIntents + 1))
  expect(verifyWholeLog({ db, origin: log.origin, keys: log.keys, verifier: nobleVerifier }).openIntents).toBe(0)
}

it(`survives ${ROUNDS} kills, some of them between intent and outcome`, async () => {
  const folder = temporaryFolder()
  const told: Told[] = []
  const checkpoints: { size: bigint; root: Uint8Array }[] = []
  let found = 0
  for (let round = 0; round < ROUNDS || found === 0; round++) {
    told.push(await signAndKill(folder, round))

    await using open = await openLog(folder, log)
    const { size, openIntents } = verifyWholeLog({ db: open.db, origin: log.origin, keys: log.keys, verifier: nobleVerifier })
    found += openIntents
    const newest = decodeCheckpoint(parseNote(open.audit.checkpoint() as string).text)
    for (const older of checkpoints) {
      const claim = { oldSize: older.size, newSize: newest.size, oldRoot: older.root, newRoot: newest.root }
      expect(verifyConsistency({ ...claim, proof: open.audit.consistencyProof(older.size) })).toBe(true)
    }
    checkpoints.push(newest)

    if (round % 2 === 0) await checkRecovery(open, size, openIntents) // the other rounds leave it to the next process
  }

  await using open = await openLog(folder, log)
  await open.audit.recover()
  const answers = told.flatMap((each) => each.answers)
  expect(answers.length).toBeGreaterThan(ROUNDS)
  for (const { index, key, digest } of answers) {
    const found = open.audit.findAnswer(key)
    expect(
      createHash('sha256')
        .update(found?.answer as Uint8Array)
        .digest('hex'),
    ).toBe(digest)
    const [entry] = open.audit.entries({ from: index, limit: 1 })
    expect(entry?.leaf).toMatchObject({ kind: 'outcome', result: 'ok' })
  }
  const sample = answers.filter((_, at) => at % Math.ceil(answers.length / 20) === 0)
  for (const { index } of sample) expect(checkReceipt(await open.audit.receipt(index), log).index).toBe(index)

  const entries = [...open.audit.entries()].map(({ index, leaf }) => ({ index, leaf }))
  const intents = entries.filter(({ leaf }) => leaf.kind === 'intent')
  const outcomes = Map.groupBy(
    entries.filter(({ leaf }) => leaf.kind === 'outcome'),
    ({ leaf }) => leaf.operationId,
  )
  const durable = new Set(intents.map(({ index }) => index))
  expect(told.flatMap((each) => each.intents).filter((index) => !durable.has(index))).toEqual([])
  expect(intents.map(({ leaf }) => outcomes.get(leaf.operationId)?.length)).toEqual(intents.map(() => 1))

  const unknown = entries.filter(({ leaf }) => leaf.result === 'unknown')
  const recoveries = entries.filter(({ leaf }) => leaf.kind === 'recovery').map(({ leaf }) => Number(/^closed (\d+) /.exec(leaf.reason ?? '')?.[1]))
  expect(recoveries.reduce((sum, count) => sum + count, 0)).toBe(unknown.length)
  expect(unknown.length).toBeGreaterThan(0)
})
