/** The audit log on a real SQLite file: order, group commit, receipts, stored answers, failures of the signer. */
import { expect, it, vi } from 'vitest'
import { verifyWholeLog } from '#audit'
import { LIMITS, SealstoneError, toHex, utf8, utf8Text } from '#core'
import { decodeCheckpoint, parseLeaf, parseNote, verifyConsistency } from '#tlog'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { checkReceipt, codeOf, intent, openLog, outcome, watchSigner } from './support.ts'

const log = softwareLog('log.example/models')

it('begins a new log with a log-start leaf and a checkpoint, once', async () => {
  const folder = temporaryFolder()
  for (let round = 0; round < 2; round++) {
    await using open = await openLog(folder, log)
    const kinds = [...open.audit.entries()].map(({ leaf }) => leaf.kind)
    expect(kinds).toEqual(['log-start'])
    expect(decodeCheckpoint(parseNote(open.audit.checkpoint() as string).text)).toMatchObject({ origin: log.origin, size: 1n })
  }
})

it('gives a receipt that a stranger verifies with the two log keys', async () => {
  await using open = await openLog(temporaryFolder(), log)
  const { index } = await open.audit.append(intent())
  const completed = await open.audit.complete(outcome())
  expect([index, completed.index]).toEqual([1n, 2n])
  expect(checkReceipt(completed.receipt, log)).toEqual({ index: 2n, size: 3n })
  expect(parseLeaf(completed.receipt.leaf)).toMatchObject({ version: 1, kind: 'outcome', result: 'ok' })
})

it('shares one checkpoint among requests that wait together', async () => {
  const signer = watchSigner(log)
  await using open = await openLog(temporaryFolder(), log, { signer })
  const before = signer.count
  const completions = await Promise.all(Array.from({ length: 64 }, () => open.audit.complete(outcome())))
  expect(signer.count - before).toBe(1)
  expect(completions.map(({ index }) => index)).toEqual(Array.from({ length: 64 }, (_, at) => BigInt(at + 1)))
  for (const { receipt, index } of completions) expect(checkReceipt(receipt, log)).toEqual({ index, size: 65n })
})

it('shares checkpoints among 64 clients that each go at their own pace', async () => {
  const signer = watchSigner(log)
  await using open = await openLog(temporaryFolder(), log, { signer })
  const before = signer.count
  const client = async (): Promise<void> => {
    for (let round = 0; round < 4; round++) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4))
      const { operationId } = intent()
      await open.audit.append(intent({ operationId }))
      await open.audit.complete(outcome({ operationId }))
    }
  }
  await Promise.all(Array.from({ length: 64 }, client))
  expect(open.audit.size()).toBe(513n)
  expect(signer.count - before).toBeLessThan(128) // of 256 completions
  expect(verifyWholeLog({ db: open.db, origin: log.origin, keys: log.keys, verifier: nobleVerifier })).toMatchObject({ size: 513n, openIntents: 0 })
})

it('lets a lone request wait for no timer', async () => {
  await using open = await openLog(temporaryFolder(), log)
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] })
  try {
    await open.audit.append(intent())
    expect((await open.audit.complete(outcome())).index).toBe(2n)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

it('covers entries that wait for no receipt, and signs anew a checkpoint that has become old', async () => {
  const signer = watchSigner(log)
  await using open = await openLog(temporaryFolder(), log, { signer })
  await open.audit.append(intent())
  const before = signer.count
  expect(await open.audit.keepCovered(60_000)).toBe(true)
  expect(decodeCheckpoint(parseNote(open.audit.checkpoint() as string).text).size).toBe(2n)
  expect(await open.audit.keepCovered(60_000)).toBe(false)
  expect(signer.count).toBe(before + 1)
  expect(await open.audit.keepCovered(0)).toBe(true)
  expect(decodeCheckpoint(parseNote(open.audit.checkpoint() as string).text).size).toBe(2n)
  expect(signer.count).toBe(before + 2)
})

it('proves that every checkpoint extends the one before, also over full tiles', async () => {
  const folder = temporaryFolder()
  const seen: { size: bigint; root: Uint8Array }[] = []
  for (const count of [1, 2, 250, 1, 300, 513, 7]) {
    await using open = await openLog(folder, log)
    await Promise.all(Array.from({ length: count - 1 }, () => open.audit.append(intent())))
    await open.audit.complete(outcome())
    const newest = decodeCheckpoint(parseNote(open.audit.checkpoint() as string).text)
    for (const older of seen) {
      const claim = { oldSize: older.size, newSize: newest.size, oldRoot: older.root, newRoot: newest.root }
      expect(verifyConsistency({ ...claim, proof: open.audit.consistencyProof(older.size) })).toBe(true)
    }
    seen.push(newest)
    await expect(codeOf(() => open.audit.consistencyProof(0n))).resolves.toBe('INPUT_INVALID')
    await expect(codeOf(() => open.audit.consistencyProof(newest.size + 1n))).resolves.toBe('INPUT_INVALID')
  }
  await using open = await openLog(folder, log)
  for (const index of [0n, 1n, 255n, 256n, 511n, 700n, 1023n, 1074n]) {
    expect(checkReceipt(await open.audit.receipt(index), log)).toEqual({ index, size: 1075n })
  }
  expect(verifyWholeLog({ db: open.db, origin: log.origin, keys: log.keys, verifier: nobleVerifier }).size).toBe(1075n)
})

it('signs a fresh checkpoint for a receipt that none covers yet', async () => {
  const signer = watchSigner(log)
  await using open = await openLog(temporaryFolder(), log, { signer })
  const { index } = await open.audit.append(intent())
  const before = signer.count
  expect(checkReceipt(await open.audit.receipt(index), log)).toEqual({ index, size: 2n })
  expect(checkReceipt(await open.audit.receipt(index), log)).toEqual({ index, size: 2n })
  expect(signer.count - before).toBe(1)
  await expect(codeOf(open.audit.receipt(2n))).resolves.toBe('ENTRY_UNKNOWN')
  await expect(codeOf(open.audit.receipt(-1n))).resolves.toBe('ENTRY_UNKNOWN')
})

it('keeps an answer with its leaf, the same to the byte after reopening', async () => {
  const folder = temporaryFolder()
  const key = 'spiffe://example.org/registry\0request-1'
  let answered: Uint8Array | undefined
  {
    await using open = await openLog(folder, log)
    const build = (receipt: { proof: string }): Uint8Array => utf8(`answer with ${receipt.proof}`)
    const completed = await open.audit.complete(outcome(), { key, requestDigest: 'd1', build })
    answered = completed.answer
    expect(utf8Text(answered as Uint8Array)).toBe(`answer with ${completed.receipt.proof}`)
  }
  await using open = await openLog(folder, log)
  const found = open.audit.findAnswer(key)
  expect(found?.requestDigest).toBe('d1')
  expect(toHex(found?.answer as Uint8Array)).toBe(toHex(answered as Uint8Array))
  expect(open.audit.findAnswer('spiffe://example.org/registry\0request-2')).toBeUndefined()
  expect(open.audit.forgetAnswersBefore(new Date(0))).toBe(0)
  expect(open.audit.forgetAnswersBefore(new Date(Date.now() + 60_000))).toBe(1)
  expect(open.audit.findAnswer(key)).toBeUndefined()
})

it('never answers twice under one idempotency key', async () => {
  await using open = await openLog(temporaryFolder(), log)
  const request = (text: string) => ({ key: 'local\0k', requestDigest: 'd', build: () => utf8(text) })
  const results = await Promise.all(['a', 'b'].map((text) => codeOf(open.audit.complete(outcome(), request(text)))))
  expect(results).toEqual(['nothing thrown', 'IDEMPOTENCY_CONFLICT'])
  await expect(codeOf(open.audit.complete(outcome(), request('c')))).resolves.toBe('IDEMPOTENCY_CONFLICT')
  expect(utf8Text(open.audit.findAnswer('local\0k')?.answer as Uint8Array)).toBe('a')
  expect(open.audit.size()).toBe(2n)
})

it('lets the caller alone fail that cannot build its answer', async () => {
  await using open = await openLog(temporaryFolder(), log)
  const request = (name: string) => ({
    key: `local\0${name}`,
    requestDigest: 'd',
    build: () => {
      if (name === 'bad') throw new SealstoneError('INPUT_TOO_LARGE', 'the bundle is too large')
      return utf8(name)
    },
  })
  const results = await Promise.all(['good', 'bad', 'fine'].map((name) => codeOf(open.audit.complete(outcome({ modelName: name }), request(name)))))
  expect(results).toEqual(['nothing thrown', 'INPUT_TOO_LARGE', 'nothing thrown'])
  expect([...open.audit.entries({ kind: 'outcome' })].map(({ leaf }) => leaf.modelName)).toEqual(['good', 'fine'])
  expect(open.audit.findAnswer('local\0bad')).toBeUndefined()
  expect(checkReceipt(await open.audit.receipt(2n), log)).toEqual({ index: 2n, size: 3n })
})

it('rejects what needs a checkpoint when none can be signed, keeps what needs none, and goes on', async () => {
  const signer = watchSigner(log)
  await using open = await openLog(temporaryFolder(), log, { signer })
  signer.failNext = new SealstoneError('TOKEN_UNAVAILABLE', 'the token is gone')
  const request = { key: 'local\0k', requestDigest: 'd', build: () => utf8('answer') }
  const [appended, completed] = await Promise.allSettled([open.audit.append(intent()), open.audit.complete(outcome(), request)])
  expect(appended).toMatchObject({ status: 'fulfilled', value: { index: 1n } })
  expect(completed).toMatchObject({ status: 'rejected', reason: { code: 'AUDIT_UNAVAILABLE', cause: { code: 'TOKEN_UNAVAILABLE' } } })
  expect([open.audit.size(), open.audit.findAnswer('local\0k')]).toEqual([2n, undefined])

  expect((await open.audit.complete(outcome(), request)).index).toBe(2n)
  expect(verifyWholeLog({ db: open.db, origin: log.origin, keys: log.keys, verifier: nobleVerifier }).size).toBe(3n)
})

it('stores no checkpoint that would not verify', async () => {
  const honest = watchSigner(log)
  const other = softwareLog(log.origin)
  let lie = false
  const signer = { keys: log.keys, sign: (checkpoint: Parameters<typeof honest.sign>[0]) => (lie ? other : log).signer.sign(checkpoint) }
  const folder = temporaryFolder()
  {
    await using open = await openLog(folder, log, { signer })
    lie = true
    await expect(codeOf(open.audit.complete(outcome()))).resolves.toBe('AUDIT_UNAVAILABLE')
    expect(open.audit.size()).toBe(1n)
  }
  await using open = await openLog(folder, log)
  expect(open.audit.size()).toBe(1n)
})

it('refuses what is over the queue and takes it when there is room again', async () => {
  await using open = await openLog(temporaryFolder(), log)
  const codes = await Promise.all(Array.from({ length: LIMITS.queuedLeaves + 3 }, () => codeOf(open.audit.append(intent()))))
  expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(3)
  expect(open.audit.size()).toBe(BigInt(LIMITS.queuedLeaves + 1))
  await open.audit.append(intent())
})

it('finishes what it accepted when it closes, and refuses more', async () => {
  const folder = temporaryFolder()
  const open = await openLog(folder, log)
  const accepted = Array.from({ length: 10 }, () => open.audit.complete(outcome()))
  await open.audit.close()
  await expect(codeOf(open.audit.append(intent()))).resolves.toBe('DAEMON_DRAINING')
  expect(open.audit.size()).toBe(11n)
  await Promise.all(accepted)
  open.db.close()
})

it('refuses a leaf that could not be read again, before it takes a place', async () => {
  await using open = await openLog(temporaryFolder(), log)
  await expect(codeOf(open.audit.append(intent({ modelDigest: 'md5:00' })))).resolves.toBe('FORMAT_INVALID')
  expect(open.audit.size()).toBe(1n)
})

it('keeps times in order when the clock goes back, also over a restart', async () => {
  const folder = temporaryFolder()
  const at = (iso: string) => ({ now: () => new Date(iso), monotonicMs: () => 0 })
  for (const iso of ['2026-03-01T10:00:00.000Z', '2026-03-01T09:00:00.000Z', '2026-03-01T11:00:00.000Z']) {
    await using open = await openLog(folder, log, { clock: at(iso) })
    await open.audit.append(intent())
  }
  await using open = await openLog(folder, log)
  const times = [...open.audit.entries()].map(({ leaf }) => leaf.time.slice(11, 13))
  expect(times).toEqual(['10', '10', '10', '11'])
})

it('refuses to open under another name', async () => {
  const folder = temporaryFolder()
  await (await openLog(folder, log))[Symbol.asyncDispose]()
  await expect(codeOf(openLog(folder, log, { origin: 'log.example/other' }))).resolves.toBe('CONFIG_INVALID')
})
