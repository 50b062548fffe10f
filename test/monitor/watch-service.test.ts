/** `audit watch` as a service: over HTTP, round after round, with a webhook that is away at first. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../support/sealstone.ts'
import { serveWith } from '../tilesources/support.ts'
import { editLeaf, leavesOf, makeStage, ORIGIN, serveFolder, signLeaves, writeLogFiles } from './support.ts'

describe('a watch that goes on', () => {
  it('follows a web server, posts each alert once, offers again what was not taken, and ends on SIGTERM', async () => {
    const stage = makeStage()
    await stage.sign(2)
    let rounds = 0
    const url = await serveFolder(stage.published, (path) => (rounds += Number(path.endsWith('/checkpoint'))))
    const posted: { kind: string }[] = []
    let isAway = true
    const webhook = await serveWith((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        if (!isAway) posted.push(...(JSON.parse(Buffer.concat(chunks).toString()) as { data: { alerts: { kind: string }[] } }).data.alerts)
        response.writeHead(isAway ? 503 : 200).end()
        isAway = false
      })
    })
    const rules = join(stage.path, 'rules.toml')
    writeFileSync(rules, '[[rule]]\nname = "signing"\nkind = "outcome"\nseverity = "info"\n')
    let kill = (): void => {}
    let printed = ''
    const line = [
      'audit',
      'watch',
      url,
      '--state',
      join(stage.path, 'monitor.json'),
      '--trust',
      stage.trust,
      '--interval',
      '1s',
      '--rules',
      rules,
      '--webhook',
      webhook,
    ]
    const ended = run(line, {
      onStart: (child) => {
        kill = () => child.kill('SIGTERM')
        child.stdout?.on('data', (text: string) => (printed += text))
      },
    })
    let isRunning = true
    void ended.then(() => (isRunning = false))
    const until = async (isSo: () => boolean): Promise<void> => {
      while (isRunning && !isSo()) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await until(() => printed.includes('5 entries'))
    await stage.sign(1)
    await until(() => posted.length === 1)
    const leaves = await leavesOf(stage.published)
    const forged = leaves.with(2, editLeaf(leaves[2], { modelName: 'other' }))
    writeLogFiles(stage.published, forged, signLeaves(stage.log, forged))
    await until(() => posted.length === 2)
    const seen = rounds
    await until(() => rounds >= seen + 2) // another round has seen the same
    kill()
    const { code, stdout } = await ended
    expect(code).toBe(143)
    expect(posted.map(({ kind }) => kind)).toEqual(['rule', 'fork'])
    expect(stdout).toContain(`OK  ${ORIGIN}: 7 entries, 2 of them new`)
    expect(stdout.match(/critical fork/g)).toHaveLength(1)
  })
})
