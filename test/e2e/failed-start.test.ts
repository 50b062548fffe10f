/** A start that fails after the log was opened, here for a port that is taken: it is told as what it was. */
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { initHome, run, runOk, startDaemon } from '../support/sealstone.ts'

it('is a stop and no crash, and the next start says nothing of one', async () => {
  using home = await initHome()
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const config = join(home.home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('[metrics]', `[metrics]\nlisten = "127.0.0.1:${port}"`))
  const failed = await run(['serve'], home)
  expect(failed.code).not.toBe(0)
  expect(failed.stderr).toContain(String(port))
  await new Promise((resolve) => taken.close(resolve))

  await using _daemon = await startDaemon(home.home)
  const lines = (await runOk(['audit', 'list', '--json'], home)).stdout.trim().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as { kind: string; reason?: string })
  expect(entries.map(({ kind }) => kind)).not.toContain('crash-found')
  expect(entries.filter(({ kind }) => kind === 'daemon-stop').map(({ reason }) => reason)).toEqual(['the start failed'])
})
