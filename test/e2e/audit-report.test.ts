/** The report of a real log: as Markdown, as a page that a browser shows, and as JSON. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect } from '#client'
import { manifestOf } from '../support/signing.ts'
import { initHome, run, type RunningDaemon, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
const HOSTILE = 'https://example.org/<script>document.title="taken-over"</script>'
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let client: Client

beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
  client = connect({ address: `unix:${daemon.socket}` })
  await client.createKey({ name: 'release' })
  for (const key of ['default', 'default', 'release']) await client.sign({ key, content: { kind: 'manifest', manifest: manifestOf(['a.bin']) } })
  await client.disableKey({ name: 'release', version: 1, reason: HOSTILE })
})
afterAll(async () => {
  await client.close()
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

describe('audit report', () => {
  it('counts what was signed, and proves every entry from the beginning of the log', async () => {
    const { stdout } = await runOk(['audit', 'report', '--from', '2020-01-01', '--json'], home)
    const report = JSON.parse(stdout) as Record<string, { made?: number; proven?: boolean; rows?: unknown[]; count?: number }>
    expect(report['signatures']).toMatchObject({
      made: 3,
      byKey: {
        rows: [
          { name: ['default', '1'], count: 2 },
          { name: ['release', '1'], count: 1 },
        ],
      },
    })
    expect(report['evidence']).toMatchObject({ proven: true })
    expect(report['keyEvents']).toMatchObject({
      events: expect.arrayContaining([expect.objectContaining({ subject: expect.stringMatching(/^release/) })]),
    })
  })

  it('is Markdown on standard output', async () => {
    const { stdout } = await runOk(['audit', 'report', '--from', '2020-01-01'], home)
    expect(stdout).toMatch(/^# Audit report of /)
    expect(stdout).toContain('| Proof | every entry is proven to be in the log |')
  })

  it('is a page that a browser shows without running anything in it', async () => {
    const page = join(folder.path, 'review.html')
    await runOk(['audit', 'report', '--from', '2020-01-01', '-o', page], home)
    const shown = execFileSync('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--dump-dom', `file://${page}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 100_000,
    })
    expect(shown).toMatch(/<title>Audit report of [^<]+<\/title>/)
    expect(shown).toContain('<h2>Signatures by key</h2>')
    expect(shown).not.toContain('<script')
    expect(shown).toContain('&lt;script&gt;')
    expect(shown.match(/<td class="short">release<\/td>/g)?.length).toBeGreaterThan(0)
  })

  it('says that it is not proven, with exit code 1, under the keys of another log', async () => {
    using other = await initHome([])
    const { code, stdout, stderr } = await run(['audit', 'report', '--from', '2020-01-01', '--trust', join(other.home, 'trust.json')], home)
    expect(code).toBe(1)
    expect(stdout).toContain('NOT PROVEN')
    expect(stderr).toMatch(/warning: the entries of the period are not proven/)
  })

  it.each([
    [['--from', '2026-02-01', '--to', '2026-01-01'], 'the period ends at'],
    [[], "required option '--from <time>' not specified"],
    [['--from', '2026-02-01', '--usual-hours', '19-7'], 'Want two hours such as 7-19'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run(['audit', 'report', ...args], home)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
