/** kill -9 of a witness between the disk and the answer, and of the command itself. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LAUNCHER, runOk } from '../support/sealstone.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { makeWitness, NAME, post, startWitness, TreeLog } from './support.ts'

const KILLED = fileURLToPath(new URL('killed-witness.ts', import.meta.url))
const log = new TreeLog()
const fork = new TreeLog(log.keys, 'forged')

describe('a witness that is killed', () => {
  it('between storing and cosigning has answered nothing, and cosigns nothing else at that size later', async () => {
    const directory = temporaryFolder()
    makeWitness(directory, [log.keys])
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', KILLED, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'close')
    const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
    await expect(post(url, log.request(0, 9))).rejects.toThrow()
    expect((await ended)[1]).toBe('SIGKILL')

    // The log asks again with the old size that it knows, is told the new one, and goes on from there.
    await using again = await startWitness(directory)
    expect(await post(again.url, fork.request(0, 9))).toMatchObject({ status: 409, body: '9\n' })
    expect(await post(again.url, log.request(0, 9))).toMatchObject({ status: 409, body: '9\n' })
    expect((await post(again.url, fork.request(9, 9))).status).toBe(409)
    expect((await post(again.url, log.request(9, 9))).status).toBe(200)
    expect((await post(again.url, log.request(9, 12))).status).toBe(200)
  })
})

describe('sealstone audit witness', () => {
  it('is set up with init, serves until SIGTERM and ends with 0', async () => {
    const directory = join(temporaryFolder(), 'w')
    const { stdout } = await runOk(['audit', 'witness', 'init', '--name', NAME, '--directory', directory, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      directory,
      name: NAME,
      keys: [expect.stringContaining(`${NAME}+`), expect.stringContaining(`${NAME}+`)],
    })
    const again = await runOk(['audit', 'witness', 'init', '--name', NAME, '--directory', directory], { wantCode: 2 })
    expect(again.stderr).toMatch(/ed25519\.pem is there already\nhint: run the witness that is there/)
    await runOk(['audit', 'witness', 'stop', '--directory', directory], { wantCode: 2 })

    const config = join(directory, 'witness.toml')
    writeFileSync(config, readFileSync(config, 'utf8').replace(':7380', ':0'))
    const child = spawn(LAUNCHER, ['audit', 'witness', '--directory', directory], { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = once(child, 'close')
    const [line] = (await once(createInterface(child.stderr), 'line')) as [string]
    const ready = JSON.parse(line) as { msg: string; url: string }
    expect(ready.msg).toBe('ready')
    expect((await post(ready.url, log.request(0, 3))).status).toBe(404)
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
  })
})
