/** The console over TLS, as another machine would reach it: a certificate of an authority of the test's own, and Chromium, which checks it. */
import { createHash, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '#core'
import { makeAuthority } from '../support/openssl.ts'
import { softwareLog } from '../support/software-log.ts'
import { bundlePage, openBrowser, PATIENCE_MS } from './browser.ts'
import { fill, openSoftwareConsole, type SoftwareConsole } from './software-console.ts'

const folder = mkdtempSync(join(tmpdir(), 'sealstone-test-'))
const { certFile, keyFile, cert } = makeAuthority(folder).issue('review', { names: ['IP:127.0.0.1', 'DNS:localhost'] })
let console: SoftwareConsole

beforeAll(async () => {
  bundlePage()
  chmodSync(keyFile, 0o600)
  console = await openSoftwareConsole(softwareLog('log.example/console'), systemClock, { certFile, keyFile })
  await fill(console.log, 3)
})
afterAll(async () => {
  await console[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Without arguments it knows no authority of ours. */
async function withBrowser(work: (browser: Browser) => Promise<void>, ...args: readonly string[]): Promise<void> {
  const browser = await openBrowser(...args)
  try {
    await work(browser)
  } finally {
    await browser.close()
  }
}

it('opens by a link of https, once, keeps its session in a cookie that no other page and no plain connection gets, and verifies', async () => {
  const spki = createHash('sha256')
    .update(new X509Certificate(cert).publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64')
  await withBrowser(async (browser) => {
    const { url } = console.server.newLink()
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/open\?token=/)
    const context = await browser.newContext()
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).origin))
    await page.goto(url)
    await page.locator('.runway .mark.good').nth(6).waitFor()
    expect(await page.evaluate('isSecureContext')).toBe(true)
    expect(new Set(asked)).toEqual(new Set([console.server.origin]))
    expect(await context.cookies()).toMatchObject([
      { name: '__Host-sealstone-console', secure: true, httpOnly: true, sameSite: 'Strict', path: '/', domain: '127.0.0.1' },
    ])
    const second = await (await browser.newContext()).newPage()
    expect((await second.goto(url))?.status()).toBe(401)
    await fill(console.log, 1)
    await page.locator('.runway .mark.good').nth(8).waitFor() // events come over it as well
  }, `--ignore-certificate-errors-spki-list=${spki}`)
})

it('is not believed by a browser that does not know who issued its certificate', async () => {
  await withBrowser(async (browser) => {
    const page = await browser.newPage()
    await expect(page.goto(console.server.newLink().url)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
  })
})

it('speaks no plain HTTP at its port', async () => {
  const socket = connect(Number(new URL(console.server.origin).port), '127.0.0.1')
  socket.end('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  expect(answer).not.toContain('HTTP/')
})
