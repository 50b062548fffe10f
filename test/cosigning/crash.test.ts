/** kill -9 of a log while a witness cosigns it: what the witness saw is never more than what the log kept, so no crash looks like a fork. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { CosignatureStore, databaseTiles } from '#audit'
import { systemClock, toHex } from '#core'
import { Cosigning } from '#cosigning'
import { countCosignatures, decodeCheckpoint, parseNote, witnessVkeys } from '#tlog'
import { checkReceipt, openLog, outcome } from '../audit/support.ts'
import { recordingLogger } from '../support/softhsm.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { makeWitness, startWitness } from '../witness/support.ts'

it('a log that is killed again and again goes on with its witness, with every cosigned entry in it', async () => {
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const keys = softwareLog('log.example/killed', seed)
  const [folder, directory] = [temporaryFolder(), temporaryFolder()]
  const witness = makeWitness(directory, [keys])
  await using server = await startWitness(directory)

  let covered = -1n
  for (const milliseconds of [60, 150, 330]) {
    const args = ['--disable-warning=ExperimentalWarning', SCRIPT, folder, keys.origin, toHex(seed), server.url, ...witnessVkeys(witness)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (printed === '') setTimeout(() => child.kill('SIGKILL'), milliseconds)
      printed += text
    })
    expect((await once(child, 'close'))[1]).toBe('SIGKILL')
    for (const line of printed.split('\n').slice(0, -1)) if (BigInt(line) > covered) covered = BigInt(line)
  }

  const log = await openLog(folder, keys)
  const logger = recordingLogger()
  const asked = [{ witness, url: server.url }]
  const keeper = new CosignatureStore(log.db)
  const cosigning = new Cosigning({
    log: log.audit,
    keeper,
    witnesses: asked,
    quorum: 1,
    verifier: nobleVerifier,
    clock: systemClock,
    logger,
    pauseMs: 1,
  })
  expect(cosigning.quorate()?.size).toBeGreaterThan(covered)
  cosigning.start()
  const { index } = await log.audit.complete(outcome())
  await cosigning.waitFor(index, 60_000)
  expect(cosigning.quorate()?.size).toBeGreaterThan(index)
  expect(logger.entries.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
  expect(checkReceipt(await log.audit.receipt(covered), keys).index).toBe(covered)

  // What is published is what the witness cosigned.
  const published = await databaseTiles(log.db).checkpoint()
  expect(countCosignatures(published, [witness], nobleVerifier)).toHaveLength(1)
  expect(decodeCheckpoint(parseNote(published).text).size).toBe(cosigning.quorate()?.size)
  await cosigning.close()
  await log[Symbol.asyncDispose]()
})

const SCRIPT = fileURLToPath(new URL('append-until-killed.ts', import.meta.url))
