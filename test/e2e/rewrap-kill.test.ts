/** kill -9 to the daemon while it changes the wrapping key: at whatever moment, every key signs after the next start, and the change can be made again. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Client, connect } from '#client'
import { parseKeyName } from '#core'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { judgeAnswer, signRequest, verifyLogOf } from '../support/live-signing.ts'
import { initHome, runOk, startDaemon } from '../support/sealstone.ts'

const KEYS = Array.from({ length: 12 }, (_, number) => parseKeyName(`key-${number}`))
/** Milliseconds after the request: before it is begun, while seeds are sealed anew, while old wrapping keys are destroyed, and when it is done. */
const MOMENTS = [1, 8, 16, 25, 40, 90]

describe('kill -9 to the daemon while the wrapping key is changed', () => {
  it('leaves every key signing, whatever it met', async () => {
    using home = await initHome()
    const outcomes: ('done' | 'cut off')[] = []
    for (const [round, moment] of MOMENTS.entries()) {
      await using daemon = await startDaemon(home.home)
      const client = connect({ address: `unix:${daemon.socket}`, attempts: 1, timeoutMs: 60_000 })
      if (round === 0) for (const name of KEYS) await client.createKey({ name })
      await signWithAll(client, home.home) // after the kill of the round before: this daemon remembers nothing of it
      const rewrapped = client.rewrapKeys({ destroyOld: round % 2 === 1 }).then(
        () => 'done' as const,
        () => 'cut off' as const,
      )
      await sleep(moment)
      await daemon.kill('SIGKILL')
      outcomes.push(await rewrapped)
      await client.close()
    }
    expect(new Set(outcomes)).toContain('cut off')

    await afterStart(home.home, async () => {
      const { destroyed } = JSON.parse((await runOk(['keys', 'rewrap', '--destroy-old', '--confirm', 'destroy', '--json'], home)).stdout) as {
        destroyed: string[]
      }
      expect(destroyed.length).toBeGreaterThan(0)
    })
    await afterStart(home.home, async () => {})
    verifyLogOf(home.home)
  }, 300_000)
})

/** Signs with every key before the work is done, and ends in order. */
async function afterStart(home: string, work: () => Promise<void>): Promise<void> {
  await using daemon = await startDaemon(home)
  const client = connect({ address: `unix:${daemon.socket}`, attempts: 1 })
  await signWithAll(client, home)
  await work()
  await client.close()
  expect(await daemon.stop()).toBe(0)
}

async function signWithAll(client: Client, home: string): Promise<void> {
  const trust = parseTrustFile(readFileSync(join(home, 'trust.json')), nativeEngine())
  for (const key of [parseKeyName('default'), ...KEYS]) {
    const verdict = await judgeAnswer(await client.sign({ ...signRequest(), key }), trust)
    expect(verdict.checks.filter(({ status }) => status === 'failed')).toEqual([])
  }
}
