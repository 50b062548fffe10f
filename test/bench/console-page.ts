/**
 * The console in local Chromium over a long log: how long until there is something to read, and how long the page takes to verify 1,000
 * entries, those in a row and those all over the log. Each time in a browser that has seen nothing before. LEAVES=n for another length.
 */
import type { Browser, Page } from 'playwright-core'
import { newOperationId, parseIdentity } from '#core'
import { bundlePage, openBrowser } from '../console/browser.ts'
import { openSoftwareConsole, type SoftwareConsole } from '../console/software-console.ts'
import { quantile } from './figures.ts'

const LEAVES = Number(process.env['LEAVES'] ?? 1_000_000)
const ROUNDS = 7
const ENTRIES = 1000

const BATCH = 2048

/**
 * `marks`: milliseconds from the start of the navigation, the link's redirect included, to the first frame with entries in it, and to the first
 * with each of them verified. `verify`: a verifying thread like the page's own, timed from the question to the answer.
 */
const IN_PAGE = `
  let done
  globalThis.marks = { read: 0, proven: 0 }
  globalThis.proven = new Promise((resolve) => { done = resolve })
  const look = () => {
    const rows = document.querySelectorAll('.runway .entry .what:not(:empty)')
    if (rows.length >= 10 && marks.read === 0) marks.read = performance.now()
    if (rows.length >= 10 && document.querySelectorAll('.runway .mark.good').length === rows.length) {
      marks.proven = performance.now()
      done()
    } else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
  globalThis.verify = async ({ total, entries, step }) => {
    const fetched = []
    if (step === 1) fetched.push(...(await (await fetch('/api/entries?limit=' + entries + '&before=' + (total - 5000))).json()).entries)
    else for (let at = 0; at < entries; at++) fetched.push((await (await fetch('/api/entries?limit=1&before=' + (at * step + 7))).json()).entries[0])
    const shown = fetched.map(({ index, leaf }) => ({ index, bytes: new TextEncoder().encode(leaf) }))
    const worker = new Worker('/verifier.js', { type: 'module' })
    await new Promise((resolve) => worker.addEventListener('message', ({ data }) => data.news === 'log' && resolve()))
    const begun = performance.now()
    const answer = new Promise((resolve) => worker.addEventListener('message', ({ data }) => data.id === 1 && resolve(data.value)))
    worker.postMessage({ id: 1, kind: 'check', call: { entries: shown } })
    const judged = await answer
    const took = performance.now() - begun
    worker.terminate()
    if (judged.length !== entries || judged.some(({ state }) => state !== 'verified')) throw new Error('not every entry was verified')
    return took
  }
`

bundlePage()
const browser = await openBrowser()
try {
  await using console = await openSoftwareConsole()
  await grow(console)
  const [read, proven, row, scattered]: [number[], number[], number[], number[]] = [[], [], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    const page = await freshPage(browser, console)
    read.push(await page.evaluate<number>('marks.read'))
    proven.push(await page.evaluate<number>('marks.proven'))
    row.push(await page.evaluate<number>(`verify(${JSON.stringify({ total: LEAVES, entries: ENTRIES, step: 1 })})`))
    scattered.push(await page.evaluate<number>(`verify(${JSON.stringify({ total: LEAVES, entries: ENTRIES, step: Math.floor(LEAVES / ENTRIES) })})`))
    await page.context().close()
  }
  print([
    [`newest entries on the screen, ${LEAVES} leaves`, read, 'at most 1,000 ms'],
    ['… and verified', proven, ''],
    [`${ENTRIES} entries in a row verified, fetching their tiles`, row, 'at most 3,000 ms'],
    [`${ENTRIES} entries all over the log verified, each with a tile of its own`, scattered, 'at most 3,000 ms'],
  ])
} finally {
  await browser.close()
}

/** Signings of a registry: two leaves each. */
async function grow({ log: { audit } }: SoftwareConsole): Promise<void> {
  const caller = parseIdentity('spiffe://registry.example/publisher')
  const digest = `sha256:${'5b'.repeat(32)}`
  const facts = { caller, operation: 'sign', key: 'default', keyVersion: 1, suite: 'mldsa65-ecdsa-p256', modelDigest: digest, resourceCount: 12 }
  const signature = { role: 'hybrid', suite: 'mldsa65-ecdsa-p256', keyFingerprint: '0c'.repeat(32), digest } as const
  for (let at = Number(audit.size()); at < LEAVES; at += BATCH) {
    const operations = Array.from({ length: Math.min(BATCH, LEAVES - at) / 2 }, (_, index) => ({
      ...facts,
      operationId: newOperationId(),
      modelName: `model-${(at + index) % 5000}`,
    }))
    await Promise.all(operations.map((operation) => audit.append({ ...operation, kind: 'intent' })))
    await Promise.all(operations.map((operation) => audit.append({ ...operation, kind: 'outcome', result: 'ok', signatures: [signature] })))
  }
  await audit.complete({ ...facts, operationId: newOperationId(), kind: 'outcome', result: 'ok', signatures: [signature] })
}

/** With the console open and its newest entries verified. */
async function freshPage(from: Browser, { server }: SoftwareConsole): Promise<Page> {
  const context = await from.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  await page.addInitScript(IN_PAGE)
  await page.goto(server.newLink().url)
  await page.evaluate('proven')
  return page
}

function print(rows: readonly (readonly [what: string, ms: readonly number[], bar: string])[]): void {
  console.log(`| In Chromium, ${ROUNDS} times, each in a fresh profile | median ms | worst ms | bar |\n|---|---|---|---|`)
  for (const [what, ms, bar] of rows) console.log(`| ${what} | ${Math.round(quantile(ms, 0.5))} | ${Math.round(Math.max(...ms))} | ${bar} |`)
}
