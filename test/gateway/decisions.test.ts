/** Decisions on their way to a log that comes and goes. */
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { DecisionQueue, type GatewayDecision } from '#gateway'
import { temporaryFolder } from '../support/sealstone.ts'

/** One more than the highest number of a process on Linux (PID_MAX_LIMIT). */
const NO_PROCESS = 4_194_305

describe('decisions', () => {
  it('are kept while the daemon is away, and sent by the gateway that comes next', async () => {
    using folder = temporaryFolder()
    const notes: string[] = []
    const away = {
      folder: join(folder.path, 'decisions'),
      connect: () => Promise.reject(new SealstoneError('DAEMON_UNAVAILABLE')),
      note: (text: string) => void notes.push(text),
    }
    const first = new DecisionQueue(away)
    const many = Array.from({ length: 2500 }, (_, at): GatewayDecision => ({ operation: 'mcp.call', decision: 'blocked', subject: `tool ${at}` }))
    for (const decision of many) first.add(decision)
    await first.close(60_000)
    expect(notes).toHaveLength(1)
    expect(readdirSync(away.folder)).toHaveLength(1)

    const taken: string[] = []
    const log = {
      recordDecision: async ({ subject }: { readonly subject: string }) => void taken.push(subject),
      [Symbol.asyncDispose]: async () => {},
    }
    const [file = ''] = readdirSync(away.folder)
    renameSync(join(away.folder, file), join(away.folder, `${NO_PROCESS}-a.ndjson`)) // as if the gateway that wrote it were gone
    const second = new DecisionQueue({ ...away, connect: () => Promise.resolve(log) })
    second.add({ operation: 'mcp.connect', decision: 'allowed', subject: 'new' })
    await second.close(60_000)
    expect(taken).toEqual([...many.map(({ subject }) => subject), 'new'])
    expect(readdirSync(away.folder)).toEqual([])
  })

  it('are sent in their order once the daemon is back', async () => {
    using folder = temporaryFolder()
    const taken: string[] = []
    let isBack = false
    const log = {
      recordDecision: async ({ subject }: { readonly subject: string }) => void taken.push(subject),
      [Symbol.asyncDispose]: async () => {},
    }
    const connect = async (): Promise<typeof log> => {
      if (!isBack) throw new SealstoneError('DAEMON_UNAVAILABLE')
      return log
    }
    const queue = new DecisionQueue({ folder: join(folder.path, 'decisions'), connect, note: () => {}, retryMs: 50 })
    for (let at = 0; at < 1500; at++) queue.add({ operation: 'mcp.call', decision: 'blocked', subject: String(at) })
    await expect.poll(() => readdirSync(folder.path)).toEqual(['decisions'])
    isBack = true
    await expect.poll(() => taken.length).toBe(1500)
    expect(taken).toEqual(Array.from({ length: 1500 }, (_, at) => String(at)))
    expect(readdirSync(join(folder.path, 'decisions'))).toEqual([])
    await queue.close(100)
  })

  it('survive a kill while they are sent: some are sent twice, none is lost', async () => {
    using folder = temporaryFolder()
    const decisions = join(folder.path, 'decisions')
    mkdirSync(decisions)
    writeFileSync(join(decisions, `${NO_PROCESS}-a.ndjson`), Array.from({ length: 20 }, (_, at) => lineOf(`old ${at}`)).join(''))
    const first = takingLog((at) => (at < 10 ? undefined : new Promise(() => {})))
    const queue = new DecisionQueue({ folder: decisions, connect: () => Promise.resolve(first), note: () => {} })
    queue.add(decisionOf('new'))
    await expect.poll(() => first.taken).toHaveLength(10)
    await queue.close(200)
    expect(first.taken).toHaveLength(10)
    leaveBehind(decisions)

    const second = takingLog()
    const next = new DecisionQueue({ folder: decisions, connect: () => Promise.resolve(second), note: () => {} })
    next.add(decisionOf('last'))
    await next.close(60_000)
    expect(second.taken.toSorted()).toEqual([...Array.from({ length: 20 }, (_, at) => `old ${at}`), 'new', 'last'].toSorted())
    expect(readdirSync(decisions)).toEqual([])
  })

  it('that the daemon never takes do not hold up the others', async () => {
    using folder = temporaryFolder()
    const notes: string[] = []
    const log = takingLog((at) => (at === 1 ? Promise.reject(new SealstoneError('INPUT_INVALID', 'the subject is too long')) : undefined))
    const queue = new DecisionQueue({
      folder: join(folder.path, 'decisions'),
      connect: () => Promise.resolve(log),
      note: (text) => void notes.push(text),
    })
    for (const subject of ['a', 'b', 'c']) queue.add(decisionOf(subject))
    await queue.close(60_000)
    expect(log.taken).toEqual(['a', 'c'])
    expect(notes).toEqual(['the audit log does not take a decision: the subject is too long'])
  })

  it.each(['PERMISSION_DENIED', 'METHOD_UNKNOWN'] as const)('are kept where the daemon answers %s, and the person is told once', async (code) => {
    using folder = temporaryFolder()
    const decisions = join(folder.path, 'decisions')
    const notes: string[] = []
    const log = takingLog(() => Promise.reject(new SealstoneError(code)))
    const queue = new DecisionQueue({ folder: decisions, connect: () => Promise.resolve(log), note: (text) => void notes.push(text) })
    for (const subject of ['a', 'b']) queue.add(decisionOf(subject))
    await queue.close(60_000)
    expect(notes).toEqual([expect.stringMatching(/^decisions are kept in .*: the daemon refuses them: .*audit\.record/)])
    const [file = ''] = readdirSync(decisions)
    expect(readFileSync(join(decisions, file), 'utf8').split('\n')).toHaveLength(3)
  })

  it('of a gateway that is gone are sent when the next one starts, even if it decides nothing', async () => {
    using folder = temporaryFolder()
    const decisions = join(folder.path, 'decisions')
    mkdirSync(decisions)
    writeFileSync(join(decisions, `${NO_PROCESS}-a.ndjson`), lineOf('old'))
    const log = takingLog()
    const queue = new DecisionQueue({ folder: decisions, connect: () => Promise.resolve(log), note: () => {} })
    queue.sendLeftBehind()
    await expect.poll(() => log.taken).toEqual(['old'])
    await queue.close(5000)
    expect(readdirSync(decisions)).toEqual([])
  })

  it('are not asked for, and nothing is connected, where none is left behind', async () => {
    using folder = temporaryFolder()
    let connected = 0
    const connect = (): Promise<TakingLog> => {
      connected++
      return Promise.resolve(takingLog())
    }
    const queue = new DecisionQueue({ folder: join(folder.path, 'decisions'), connect, note: () => {} })
    queue.sendLeftBehind()
    await queue.close(100)
    expect(connected).toBe(0)
  })

  it('at which the daemon fails do not hold up those behind them, and are kept', async () => {
    using folder = temporaryFolder()
    const decisions = join(folder.path, 'decisions')
    mkdirSync(decisions)
    const failing = ['bad 0', 'bad 1', 'bad 2', 'bad 3', 'bad 4']
    writeFileSync(join(decisions, `${NO_PROCESS}-a.ndjson`), [...failing, 'old'].map(lineOf).join(''))
    const log = takingLog((_, subject) => (failing.includes(subject) ? Promise.reject(new SealstoneError('INTERNAL')) : undefined))
    const queue = new DecisionQueue({ folder: decisions, connect: () => Promise.resolve(log), note: () => {}, retryMs: 1 })
    queue.add(decisionOf('new'))
    await expect.poll(() => log.taken.toSorted()).toEqual(['new', 'old'])
    await queue.close(1)
    const kept = readdirSync(decisions).map((name) => readFileSync(join(decisions, name), 'utf8'))
    const subjects = new Set(kept.join('').match(/bad \d/g)) // a file of which some was sent has those twice
    expect([...subjects].toSorted()).toEqual(failing)
  })

  it('are bounded as a folder, whoever wrote them', async () => {
    using folder = temporaryFolder()
    const decisions = join(folder.path, 'decisions')
    mkdirSync(decisions)
    // Of a gateway that still runs: sparse, so that it takes no room.
    const other = openSync(join(decisions, `${process.ppid}-a.ndjson`), 'w')
    ftruncateSync(other, 64 << 20)
    closeSync(other)
    const notes: string[] = []
    const connect = (): Promise<never> => Promise.reject(new SealstoneError('DAEMON_UNAVAILABLE'))
    const queue = new DecisionQueue({ folder: decisions, connect, note: (text) => void notes.push(text) })
    queue.add(decisionOf('new'))
    await queue.close(5000)
    expect(readdirSync(decisions)).toEqual([`${process.ppid}-a.ndjson`])
    expect(notes).toContainEqual(expect.stringMatching(/is full.*1 decision/))
  })

  it('are read from files of this user alone, and lines that are none are left out', async () => {
    using folder = temporaryFolder()
    const decisions = join(folder.path, 'decisions')
    mkdirSync(decisions)
    writeFileSync(join(folder.path, 'elsewhere'), lineOf('from elsewhere'))
    symlinkSync('../elsewhere', join(decisions, `${NO_PROCESS}-a.ndjson`))
    mkdirSync(join(decisions, `${NO_PROCESS}-b.ndjson`))
    const strange = `{"subject":"no operation"}\n${'x'.repeat(1 << 20)}\n{"operation":"mcp.call","decision":"blocked","subject":"s","digest":7}\n`
    writeFileSync(join(decisions, `${NO_PROCESS}-c.ndjson`), `${strange}${lineOf('good')}{"operation":"mcp.ca`)
    const notes: string[] = []
    const log = takingLog()
    const queue = new DecisionQueue({ folder: decisions, connect: () => Promise.resolve(log), note: (text) => void notes.push(text) })
    queue.add(decisionOf('new'))
    await queue.close(60_000)
    expect(log.taken).toEqual(['good', 'new'])
    expect(notes).toHaveLength(2)
    expect(readdirSync(decisions)).toHaveLength(2)
  })
})

interface TakingLog extends AsyncDisposable {
  readonly taken: string[]
  recordDecision(decision: { readonly subject: string }): Promise<void>
}

/** @param answer to the decision with this number; undefined takes it */
function takingLog(answer: (at: number, subject: string) => Promise<void> | undefined = () => undefined): TakingLog {
  const taken: string[] = []
  let next = 0
  return {
    taken,
    recordDecision: async ({ subject }) => {
      const given = answer(next++, subject)
      if (given === undefined) taken.push(subject)
      await given
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

function decisionOf(subject: string): GatewayDecision {
  return { operation: 'mcp.call', decision: 'blocked', subject }
}

function lineOf(subject: string): string {
  return `${JSON.stringify(decisionOf(subject))}\n`
}

/** As if the gateway that wrote these files were gone. */
function leaveBehind(folder: string): void {
  for (const [at, name] of readdirSync(folder).entries()) renameSync(join(folder, name), join(folder, `${NO_PROCESS}-${at}.ndjson`))
}
