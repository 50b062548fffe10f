/** The queue before the key host: by priority, in turn between callers, bounded, each job answered once. */
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { KEY_HOST_LIMITS } from '#keyhost'
import { type Job, type SubmitOptions, WorkQueue } from '../../src/keyhost/work-queue.ts'

const any = (): boolean => true

function submit(queue: WorkQueue, name: string, options: Partial<SubmitOptions> = {}): Promise<string> {
  const command = { kind: 'adopt', request: { keyId: name, version: 1, object: {} } } as const
  return queue.submit<'adopt'>(command, { timeoutMs: 100_000, bytes: 1, ...options }).then(
    () => `${name} done`,
    (error: unknown) => `${name} ${error instanceof SealstoneError ? error.code : String(error)}`,
  )
}

function nameOf(job: Job | undefined): string | undefined {
  return job?.command.kind === 'adopt' ? job.command.request.keyId : undefined
}

function order(queue: WorkQueue): (string | undefined)[] {
  const names: (string | undefined)[] = []
  for (let job = queue.take(any); job !== undefined; job = queue.take(any)) names.push(nameOf(job))
  return names
}

function finish(queue: WorkQueue, job: Job | undefined): void {
  if (job !== undefined) queue.settle(job, () => job.resolve(undefined as never))
}

describe('the order', () => {
  it('is the log first, then single requests, then batches', () => {
    const queue = new WorkQueue()
    void submit(queue, 'batch', { priority: 'batch' })
    void submit(queue, 'normal')
    void submit(queue, 'log', { priority: 'log' })
    expect(order(queue)).toEqual(['log', 'normal', 'batch'])
  })

  it('goes round the callers: who sends ten waits for who sends one', () => {
    const queue = new WorkQueue()
    for (let at = 0; at < 4; at++) void submit(queue, `a${at}`, { caller: 'a' })
    void submit(queue, 'b0', { caller: 'b' })
    void submit(queue, 'c0', { caller: 'c' })
    void submit(queue, 'b1', { caller: 'b' })
    expect(order(queue)).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'a3'])
  })

  it('passes over a command that this child does not take, and keeps it for one that does', () => {
    const queue = new WorkQueue()
    void submit(queue, 'other', { caller: 'a' })
    expect(queue.take(({ kind }) => kind === 'sign')).toBeUndefined()
    expect(nameOf(queue.take(any))).toBe('other')
  })
})

describe('a job', () => {
  it('comes back to the front when its child dies, once', async () => {
    const queue = new WorkQueue()
    const answers = [submit(queue, 'unlucky'), submit(queue, 'next')]
    const lost = new SealstoneError('TOKEN_UNAVAILABLE', 'it died')
    const first = queue.take(any) as Job
    queue.takeBack([first], lost)
    const again = queue.take(any) as Job
    expect(nameOf(again)).toBe('unlucky')
    queue.takeBack([again], lost)
    expect(nameOf(queue.take(any))).toBe('next')
    await expect(answers[0]).resolves.toBe('unlucky TOKEN_UNAVAILABLE')
    expect(queue.count).toBe(1)
  })

  it('whose caller has gone is passed over, and is not answered twice', async () => {
    const queue = new WorkQueue()
    const stop = new AbortController()
    const answers = [submit(queue, 'gone', { signal: stop.signal }), submit(queue, 'stays')]
    stop.abort()
    expect(order(queue)).toEqual(['stays'])
    await expect(answers[0]).resolves.toBe('gone CANCELLED')
  })

  it('that is late is answered so, also while a child has it', async () => {
    const queue = new WorkQueue()
    const answer = submit(queue, 'late', { timeoutMs: 5 })
    const job = queue.take(any)
    await expect(answer).resolves.toBe('late DEADLINE_EXCEEDED')
    finish(queue, job)
    expect(queue.count).toBe(0)
  })
})

describe('the bounds', () => {
  it('hold for the number of jobs and for their bytes, those with a child included', async () => {
    const queue = new WorkQueue()
    const answers = Array.from({ length: KEY_HOST_LIMITS.commands }, (_, at) => submit(queue, `${at}`))
    const job = queue.take(any)
    await expect(submit(queue, 'one more')).resolves.toBe('one more OVERLOADED')
    finish(queue, job)
    void submit(queue, 'room again')
    queue.failWaiting(new SealstoneError('TOKEN_UNAVAILABLE', 'over'))
    await Promise.all(answers)
    expect(queue.count).toBe(0)
    void submit(queue, 'large', { bytes: KEY_HOST_LIMITS.waitingBytes })
    await expect(submit(queue, 'small')).resolves.toBe('small OVERLOADED')
  })
})
