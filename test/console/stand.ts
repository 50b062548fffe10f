/** A real daemon on SoftHSM with its console, something signed, and a browser in front of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { tinyModel } from '../support/models.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'
import { bundlePage, openBrowser, PATIENCE_MS } from './browser.ts'

export interface ConsoleStand extends AsyncDisposable {
  readonly home: string
  readonly daemon: RunningDaemon
  readonly browser: Browser
  readonly origin: string
  /** The link of the daemon's log: good once. */
  readonly firstLink: string
  sign(name?: string): Promise<void>
  /** Refused by name: nobody has such a key. */
  fail(): Promise<void>
}

export async function openStand(): Promise<ConsoleStand> {
  await using opened = new AsyncDisposableStack()
  bundlePage()
  const home = opened.use(await initHome())
  setConsole(home.home, '127.0.0.1:0')
  const daemon = opened.use(await startDaemon(home.home))
  const browser = await openBrowser()
  opened.defer(() => browser.close())
  const folder = opened.use(temporaryFolder())
  const firstLink = /"link":"([^"]+)"/.exec(daemon.log())?.[1] ?? ''
  const resources = opened.move()
  return {
    home: home.home,
    daemon,
    browser,
    firstLink,
    origin: new URL(firstLink).origin,
    sign: async (name = 'model') => void (await runOk(['sign', tinyModel(join(folder.path, name))], { home: home.home })),
    fail: async () => void (await run(['sign', tinyModel(join(folder.path, 'none')), '--key', 'nobody'], { home: home.home })),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

export function setConsole(home: string, address: string): void {
  const config = join(home, 'config.toml')
  writeFileSync(config, readFileSync(config, 'utf8').replace('# listen = "127.0.0.1:7490"', `listen = "${address}"`))
}

/** A page that is signed in; errors of the page and of its policy are collected. */
export async function signIn(stand: ConsoleStand, link: string, context?: BrowserContext): Promise<{ page: Page; problems: string[] }> {
  const page = await (context ?? (await stand.browser.newContext({ viewport: { width: 1440, height: 900 } }))).newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const problems: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => request.url().startsWith(stand.origin) || problems.push(`asked ${request.url()}`))
  await page.goto(link)
  return { page, problems }
}
