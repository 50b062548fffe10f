/** When a call is made again, and when not. */
import { describe, expect, it } from 'vitest'
import { type ErrorCode, SealstoneError, withRetry } from '#core'

async function attempts(
  code: ErrorCode,
  failures: number,
  options: { attempts?: number; timeoutMs?: number } = {},
): Promise<{ made: number; outcome: string }> {
  let made = 0
  const outcome = await withRetry({ attempts: 3, timeoutMs: 100_000, ...options }, async () => {
    if (++made <= failures) throw new SealstoneError(code)
    return 'answered'
  }).catch((error: unknown) => (error as SealstoneError).code)
  return { made, outcome }
}

describe('a call', () => {
  it('is made again while the daemon is unavailable', async () => {
    expect(await attempts('DAEMON_UNAVAILABLE', 2)).toEqual({ made: 3, outcome: 'answered' })
    expect(await attempts('AUDIT_UNAVAILABLE', 1)).toEqual({ made: 2, outcome: 'answered' })
  })

  it('is given up after the last attempt with the error of that attempt', async () => {
    expect(await attempts('TOKEN_UNAVAILABLE', 9)).toEqual({ made: 3, outcome: 'TOKEN_UNAVAILABLE' })
    expect(await attempts('DAEMON_UNAVAILABLE', 9, { attempts: 1 })).toEqual({ made: 1, outcome: 'DAEMON_UNAVAILABLE' })
  })

  it.each(['OVERLOADED', 'SELF_TEST_FAILED', 'DEADLINE_EXCEEDED', 'KEY_UNKNOWN', 'INTERNAL'] as const)('is not repeated after %s', async (code) => {
    expect(await attempts(code, 1)).toEqual({ made: 1, outcome: code })
  })

  it('is not repeated when the pause would pass the deadline', async () => {
    expect(await attempts('DAEMON_UNAVAILABLE', 9, { timeoutMs: 10 })).toEqual({ made: 1, outcome: 'DAEMON_UNAVAILABLE' })
  })

  it('is given what is left of the deadline', async () => {
    const left: number[] = []
    await withRetry({ attempts: 2, timeoutMs: 100_000 }, async (timeoutMs) => {
      left.push(timeoutMs)
      if (left.length === 1) throw new SealstoneError('DAEMON_UNAVAILABLE')
    })
    expect(left[0]).toBeLessThanOrEqual(100_000)
    expect(left[1]).toBeLessThan((left[0] ?? 0) - 70)
  })

  it('stops waiting when the caller aborts', async () => {
    const controller = new AbortController()
    const call = withRetry({ attempts: 3, timeoutMs: 100_000, signal: controller.signal }, async () => {
      setTimeout(() => controller.abort(), 5)
      throw new SealstoneError('DAEMON_UNAVAILABLE')
    })
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
