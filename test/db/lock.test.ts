/** Two daemons never share a state directory, and a dead one never blocks the next. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { SealstoneError } from '#core'
import { acquireLock } from '#db'
import { nextLine } from '../support/lines.ts'
import { temporaryFolder } from '../support/temporary.ts'

async function holdInChild(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'hold-lock.ts'), path], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  expect(await nextLine(child.stdout)).toBe('locked')
  return child
}

function lockCode(path: string): string {
  try {
    acquireLock(path).release()
    return 'free'
  } catch (error) {
    return error instanceof SealstoneError ? error.code : String(error)
  }
}

it('refuses a second process at once, and is free again when the first is killed with -9', async () => {
  const path = join(temporaryFolder(), 'daemon.lock')
  const child = await holdInChild(path)
  const started = performance.now()
  expect(lockCode(path)).toBe('DAEMON_RUNNING')
  expect(performance.now() - started).toBeLessThan(30_000)

  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(lockCode(path)).toBe('free')
})

it('refuses a second holder in the same process', () => {
  const path = join(temporaryFolder(), 'daemon.lock')
  const lock = acquireLock(path)
  expect(lockCode(path)).toBe('DAEMON_RUNNING')
  lock.release()
  lock.release()
  expect(lockCode(path)).toBe('free')
})

it('keeps the lock while others try to take it', async () => {
  const path = join(temporaryFolder(), 'daemon.lock')
  const lock = acquireLock(path)
  lockCode(path)
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'hold-lock.ts'), path], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [exitCode] = (await once(child, 'exit')) as [number]
  expect(exitCode).not.toBe(0)
  lock.release()
})

it('is one private file', () => {
  const folder = temporaryFolder()
  const lock = acquireLock(join(folder, 'daemon.lock'))
  expect(readdirSync(folder)).toEqual(['daemon.lock'])
  expect(statSync(join(folder, 'daemon.lock')).mode & 0o777).toBe(0o600)
  lock.release()
})

it('says what is wrong where no lock can be made', () => {
  expect(lockCode(join(temporaryFolder(), 'missing', 'daemon.lock'))).toBe('DATABASE_UNAVAILABLE')
})
