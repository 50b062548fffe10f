/** sealstone bench sign as somebody runs it on a new machine: what it prints, and that nothing of it is left, also when it is called off. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { run, runOk, temporaryFolder } from '../support/sealstone.ts'

describe('bench sign', () => {
  it('measures each run beside the bare primitives, with as many processes of the key host as are asked for', async () => {
    using folder = temporaryFolder()
    const args = ['bench', 'sign', '--clients', '1', '--batch', '2', '--seconds', '1', '--children', '2', '--json']
    const { stdout } = await runOk(args, { env: { TMPDIR: folder.path } })
    const rows = JSON.parse(stdout) as Record<string, number>[]
    expect(rows).toHaveLength(2)
    expect(rows).toMatchObject([
      { clients: 1, batch: 1, children: 2, refused: 0, errors: {} },
      { clients: 2, batch: 2, children: 2, refused: 0, errors: {} },
    ])
    for (const { rate_per_s = 0, limit_per_s = 0, ratio = 0, p50_ms = 0, p99_ms = 0, serial_ms = 0 } of rows) {
      expect(ratio).toBeCloseTo(rate_per_s / limit_per_s)
      expect(p99_ms).toBeGreaterThanOrEqual(p50_ms)
      expect(Math.min(rate_per_s, limit_per_s, p50_ms, serial_ms)).toBeGreaterThan(0)
    }
    await nothingIsLeft(folder.path)
  })

  it('leaves nothing when it is called off', async () => {
    using folder = temporaryFolder()
    const { code, stdout } = await run(['bench', 'sign', '--json'], {
      env: { TMPDIR: folder.path },
      onStart: (child) =>
        child.stderr?.on('data', (said: string) => {
          if (said.includes('warming up')) child.kill('SIGINT')
        }),
    })
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    await nothingIsLeft(folder.path)
  })

  it.each([
    ['--children', '65'],
    ['--clients', '0'],
  ])('refuses %s %s', async (option, value) => {
    const { code, stderr } = await run(['bench', 'sign', option, value])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: .*Want (a number|numbers) from 1 to/)
  })
})

/** No file there, and no process whose environment names the folder: those of a daemon that has ended may end a moment after it. */
async function nothingIsLeft(folder: string): Promise<void> {
  expect(readdirSync(folder)).toEqual([])
  await eventually(() => {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    expect(pids.filter((pid) => environmentOf(pid).includes(folder))).toEqual([])
  })
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return '' // it has ended
  }
}
