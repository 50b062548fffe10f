/** A log that asks real witnesses over HTTP: what counts, what is kept, and that nothing that a witness does holds the log up. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CosignatureStore } from '#audit'
import { systemClock } from '#core'
import { Cosigning } from '#cosigning'
import { countCosignatures, openCheckpoint, parseTlogProof, type Witness } from '#tlog'
import { checkReceipt, intent, openLog, outcome } from '../audit/support.ts'
import { recordingLogger } from '../support/softhsm.ts'
import { nobleVerifier, type SoftwareLog, softwareLog } from '../support/software-log.ts'
import { softwareWitness } from '../support/software-witness.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { makeWitness, startWitness } from '../witness/support.ts'

type Asked = { readonly witness: Witness; readonly url: string }

const keys = softwareLog('log.example/models')

/** A witness of ours, as `sealstone audit witness` runs it. */
async function realWitness(
  name: string,
  log: SoftwareLog = keys,
  directory = temporaryFolder(),
): Promise<Asked & { readonly directory: string; stop(): Promise<void> }> {
  const witness = makeWitness(directory, [log], undefined, name)
  const server = await startWitness(directory)
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= Promise.resolve(server[Symbol.asyncDispose]()))
  onTestFinished(stop)
  return { witness, url: server.url, directory, stop }
}

/** Something that answers as it is told, and is no witness. */
async function fakeWitness(answer: (body: string) => { status: number; body: string } | undefined): Promise<Asked & { asked: number }> {
  const fake = { witness: softwareWitness('witness.example/fake'), url: '', asked: 0 }
  const server: Server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      fake.asked++
      const said = answer(body)
      if (said !== undefined) response.writeHead(said.status).end(said.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

async function open(folder: string, witnesses: readonly Asked[], quorum: number, options: { readonly timeoutMs?: number } = {}) {
  const made: { cosigning?: Cosigning } = {}
  const log = await openLog(folder, keys, { cosigned: (index) => made.cosigning?.covering(index)?.note })
  const logger = recordingLogger()
  const keeper = new CosignatureStore(log.db)
  const cosigning = new Cosigning({
    log: log.audit,
    keeper,
    witnesses,
    quorum,
    verifier: nobleVerifier,
    clock: systemClock,
    logger,
    pauseMs: 20,
    timeoutMs: 60_000,
    ...options,
  })
  made.cosigning = cosigning
  cosigning.start()
  return {
    audit: log.audit,
    cosigning,
    logger,
    keeper,
    close: async () => {
      await cosigning.close()
      await log[Symbol.asyncDispose]()
    },
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}

const names = (note: string, asked: readonly Asked[]): string[] =>
  countCosignatures(
    note,
    asked.map(({ witness }) => witness),
    nobleVerifier,
  ).map(({ witness }) => witness)

const reasons = ({ logger }: { logger: ReturnType<typeof recordingLogger> }): string =>
  logger.entries.map(({ fields }) => String(fields['error'])).join('\n')

describe('a log with three witnesses', () => {
  it('gets each checkpoint cosigned, and gives receipts that open under the log and count for the witnesses', async () => {
    const witnesses = [await realWitness('w.example/1'), await realWitness('w.example/2'), await realWitness('w.example/3')]
    await using log = await open(temporaryFolder(), witnesses, 2)
    for (let round = 0; round < 3; round++) {
      const { index } = await log.audit.complete(outcome())
      await log.cosigning.waitFor(index, 60_000)
      const receipt = await log.audit.receipt(index)
      expect(checkReceipt(receipt, keys).index).toBe(index)
      const { checkpoint } = parseTlogProof(receipt.proof)
      expect(names(checkpoint, witnesses).length).toBeGreaterThanOrEqual(2)
      expect(openCheckpoint(checkpoint, keys.keys, nobleVerifier).size).toBeGreaterThan(index)
    }
    await expect.poll(() => log.cosigning.status().lagSeconds, { timeout: 60_000 }).toBe(0)
  })

  it('covers what is appended without end, with checkpoints that the same witnesses cosigned', async () => {
    const witnesses = [await realWitness('w.example/1'), await realWitness('w.example/2'), await realWitness('w.example/3')]
    await using log = await open(temporaryFolder(), witnesses, 3)
    const waited = Array.from({ length: 40 }, async () => {
      const { index } = await log.audit.complete(outcome())
      await log.cosigning.waitFor(index, 60_000)
      return { index, receipt: await log.audit.receipt(index) }
    })
    for (const { index, receipt } of await Promise.all(waited)) {
      expect(checkReceipt(receipt, keys).index).toBe(index)
      expect(names(parseTlogProof(receipt.proof).checkpoint, witnesses)).toHaveLength(3)
    }
  })

  it('gives the receipt of an old entry with the newest quorum, and that of a new one at least signed', async () => {
    const witnesses = [await realWitness('w.example/1')]
    const folder = temporaryFolder()
    await using log = await open(folder, witnesses, 1)
    const { index } = await log.audit.complete(outcome())
    await log.cosigning.waitFor(index, 60_000)
    await witnesses[0]?.stop()
    const { index: later } = await log.audit.complete(outcome())
    expect(names(parseTlogProof((await log.audit.receipt(index)).proof).checkpoint, witnesses)).toHaveLength(1)
    const plain = await log.audit.receipt(later)
    expect(checkReceipt(plain, keys).index).toBe(later)
    expect(names(parseTlogProof(plain.proof).checkpoint, witnesses)).toEqual([])
  })

  it('keeps its cosignatures over a restart, and goes on where each witness is', async () => {
    const witnesses = [await realWitness('w.example/1'), await realWitness('w.example/2')]
    const folder = temporaryFolder()
    {
      await using log = await open(folder, witnesses, 2)
      await log.cosigning.waitFor((await log.audit.complete(outcome())).index, 60_000)
    }
    await using log = await open(folder, witnesses, 2)
    expect(log.cosigning.quorate()).toBeDefined()
    await log.cosigning.waitFor((await log.audit.complete(outcome())).index, 60_000)
    expect(log.cosigning.quorate()?.size).toBe(log.audit.size())
    expect(log.logger.entries.filter(({ level }) => level === 'warn')).toEqual([])
  })

  it('judges what it kept by the witnesses of today', async () => {
    const witnesses = [await realWitness('w.example/1'), await realWitness('w.example/2')]
    const folder = temporaryFolder()
    {
      await using log = await open(folder, witnesses, 1)
      await log.cosigning.waitFor((await log.audit.complete(outcome())).index, 60_000)
    }
    const nobody = { witness: softwareWitness('w.example/new'), url: 'http://127.0.0.1:1' }
    await using log = await open(folder, [nobody], 1)
    expect(log.cosigning.quorate()).toBeUndefined()
    expect(log.keeper.notes().some(({ quorate }) => quorate)).toBe(false)
  })
})

describe('a witness that misbehaves', () => {
  it('and does not answer holds up neither the log nor the others', async () => {
    const silent = await fakeWitness(() => undefined)
    const witnesses = [await realWitness('w.example/1'), silent, await realWitness('w.example/2')]
    await using log = await open(temporaryFolder(), witnesses, 2, { timeoutMs: 600_000 })
    for (let round = 0; round < 4; round++) {
      const { index } = await log.audit.complete(outcome())
      await log.cosigning.waitFor(index, 60_000)
      expect(log.cosigning.quorate()?.size).toBeGreaterThan(index)
    }
  })

  it('does not keep a waiter longer than it wants to wait', async () => {
    await using log = await open(temporaryFolder(), [await fakeWitness(() => undefined)], 1)
    const { index } = await log.audit.complete(outcome())
    const began = performance.now()
    await log.cosigning.waitFor(index, 200)
    expect(performance.now() - began).toBeLessThan(30_000)
    expect(log.cosigning.covering(index)).toBeUndefined()
    await expect(log.audit.append(intent())).resolves.toBeDefined()
  })

  it.each<[what: string, answer: (body: string) => { status: number; body: string }, said: RegExp]>([
    ['answers with an error', () => ({ status: 500, body: 'no\nsecond line' }), /it answers 500: "no\\nsecond line"/],
    ['answers without end', () => ({ status: 200, body: '— x AAAA\n'.repeat(20_000) }), /more than 65536 bytes/],
    ['answers with nonsense', () => ({ status: 200, body: 'yes' }), /its answer is malformed/],
    ['claims a tree that the log never had', () => ({ status: 409, body: '99\n' }), /it has cosigned 99 entries, this log has/],
    [
      'claims the same size again and again',
      (body) => ({ status: 409, body: `${body.split('\n')[3] === undefined ? 0 : 1}\n` }),
      /has cosigned another tree/,
    ],
    [
      'signs with keys of somebody else',
      () => ({
        status: 200,
        body:
          softwareWitness('witness.example/fake')
            .cosign(keys.signNow({ origin: keys.origin, size: 1n, root: new Uint8Array(32) }))
            .split('\n\n')[1] ?? '',
      }),
      /does not verify/,
    ],
  ])('and %s counts for nothing and is asked ever less', async (_what, answer, said) => {
    const fake = await fakeWitness(answer)
    await using log = await open(temporaryFolder(), [fake], 1)
    const { index } = await log.audit.complete(outcome())
    const began = performance.now()
    await expect.poll(() => reasons(log)).toMatch(said)
    await log.cosigning.waitFor(index, 600)
    expect(log.cosigning.covering(index)).toBeUndefined()
    // Twice for each try at the most; a second passes before the next one, or nearly, and then ever more.
    expect(fake.asked).toBeLessThanOrEqual(2 * (2 + (performance.now() - began) / 800))
  })

  it('is told of: a log that was rolled back to an older copy of itself is found out', async () => {
    const witness = await realWitness('w.example/1')
    const [before, after] = [temporaryFolder(), temporaryFolder()]
    {
      await using log = await open(before, [witness], 1)
      for (let at = 0; at < 5; at++) await log.cosigning.waitFor((await log.audit.complete(outcome())).index, 60_000)
    }
    // The same keys over a database that knows less.
    await using log = await open(after, [witness], 1)
    await log.audit.complete(outcome())
    await expect.poll(() => reasons(log)).toMatch(/it has cosigned 6 entries, this log has [12]: the log was rolled back or forked/)
    expect(log.cosigning.quorate()).toBeUndefined()
  })
})
