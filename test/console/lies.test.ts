/** A server that lies, in front of the page in Chromium: what it shows is called what it is. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { utf8, utf8Text } from '#core'
import { decodeCheckpoint, parseNote } from '#tlog'
import { softwareLog } from '../support/software-log.ts'
import { bundlePage, openBrowser, PATIENCE_MS, screenshot } from './browser.ts'
import { fill, openShownLog, openSoftwareConsole, type SoftwareConsole, trustFile, trustUpload } from './software-console.ts'

let browser: Browser
let console: SoftwareConsole
let context: BrowserContext
let page: Page

beforeAll(async () => {
  bundlePage()
  browser = await openBrowser()
})
afterAll(() => browser.close())

beforeEach(async () => {
  console = await openSoftwareConsole()
  await fill(console.log, 5)
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  onTestFinished(async () => {
    await context.close()
    await console[Symbol.asyncDispose]()
  })
})

/** With a link of its own, so that a lie can be told from the first answer on. */
async function open(): Promise<void> {
  await page.goto(console.server.newLink().url)
}
const rows = () => page.locator('.runway .entry')
const alarm = () => page.getByRole('alert')

async function visitHonestly(): Promise<void> {
  await open()
  await page.locator('.runway .mark.good').nth(10).waitFor()
}

async function expectNothingVerified(): Promise<void> {
  await rows().first().locator('.mark.odd').waitFor()
  expect(await page.locator('.mark.good').count()).toBe(0)
  expect(await page.locator('.state .pill').innerText()).toContain('not verified')
}

describe('an entry', () => {
  it('that was forged is told from the others', async () => {
    const { search } = console.shown
    console.shown.search = async (query) => {
      const found = await search(query)
      return {
        ...found,
        entries: found.entries.map((entry) =>
          entry.index === 4n ? { ...entry, leaf: utf8(utf8Text(entry.leaf).replace('"bert"', '"gpt2"')) } : entry,
        ),
      }
    }
    await open()
    await page.locator('.runway .mark.bad').waitFor()
    await page.locator('.runway .mark.good').nth(9).waitFor()
    expect(await page.locator('.runway .mark.bad').count()).toBe(1)
    expect(await page.locator('.runway .entry.forged').innerText()).toContain('gpt2')
    expect(await page.locator('.runway .mark.good').count()).toBe(10)
    await page.locator('.runway .entry.forged').click()
    await page.locator('.story .verdict .mark.bad').waitFor()
    expect(await page.locator('.story').innerText()).toContain('this entry is not the one in the signed log')
    expect(await page.locator('.story').innerText()).toContain('the proof does not lead from this entry to the signed root')
    await screenshot(page, 'forged-entry')
  })

  it('that is shown at another number is forged', async () => {
    const { search } = console.shown
    console.shown.search = async (query) => {
      const { entries } = await search(query)
      return { entries: entries.map(({ index }, at) => ({ index, leaf: entries[at === 2 ? 3 : at === 3 ? 2 : at]?.leaf ?? new Uint8Array() })) }
    }
    await open()
    await page.locator('.runway .mark.good').nth(8).waitFor()
    await page.locator('.runway .mark.bad').nth(1).waitFor()
    expect(await page.locator('.runway .mark.bad').count()).toBe(2)
  })

  it('whose hashes were forged with it does not lead to the signed root', async () => {
    const { tile } = console.shown
    console.shown.tile = async (name) => {
      const bytes = (await tile(name)).slice()
      if (name.kind === 'hashes') bytes[5] = (bytes[5] ?? 0) ^ 1
      return bytes
    }
    await open()
    await page.locator('.runway .mark.bad').nth(10).waitFor()
    await rows().first().click()
    await page.getByText('do not lead to the signed root').first().waitFor()
    expect(await page.locator('.runway .mark.good').count()).toBe(0)
  })
})

describe('a checkpoint', () => {
  it('that one log key signed is not believed', async () => {
    const { checkpoint } = console.shown
    console.shown.checkpoint = () => checkpoint()?.replace(/\n— [^\n]+\n$/, '\n')
    await open()
    await alarm().getByText('not signed by both log keys').waitFor()
    await expectNothingVerified()
  })

  it('that is older than the one this browser knows is a rollback', async () => {
    const { checkpoint } = console.shown
    const yesterday = checkpoint()
    await fill(console.log, 2)
    await visitHonestly()
    console.shown.checkpoint = () => yesterday
    await page.reload()
    await alarm().getByText('The log was rolled back.').waitFor()
    expect(await alarm().innerText()).toContain('the server shows 11 entries; this browser has seen 15')
    await expectNothingVerified()
    await screenshot(page, 'rolled-back')
  })

  it('of a fork, signed by the right keys, is a rewritten log', async () => {
    await visitHonestly()
    await using fork = await openShownLog(console.keys)
    await fill(fork.log, 9, { modelName: 'other' })
    Object.assign(console.shown, fork.shown)
    await page.reload()
    await alarm().getByText('The log was rewritten.').waitFor()
    await expectNothingVerified()
  })

  it('of a fork that comes while the page is open stays told when the server is honest again', async () => {
    await visitHonestly()
    const { size } = decodeCheckpoint(parseNote(console.shown.checkpoint() ?? '').text)
    const honest = console.shown.checkpoint
    console.shown.checkpoint = () => console.keys.signNow({ origin: console.keys.origin, size, root: new Uint8Array(32) })
    await alarm().getByText('The log was rewritten.').waitFor()
    console.shown.checkpoint = honest
    await fill(console.log, 1)
    await page.waitForTimeout(600)
    expect(await alarm().getByText('The log was rewritten.').count()).toBe(1)
  })
})

describe('the log keys', () => {
  it('are the first ones that the browser saw; others are refused until a person says otherwise', async () => {
    await visitHonestly()
    const stranger = softwareLog(console.keys.origin)
    await using other = await openShownLog(stranger)
    await fill(other.log, 6)
    Object.assign(console.shown, other.shown)
    await page.reload()
    await alarm().getByText('These are not the log keys that this browser believes.').waitFor()
    await expectNothingVerified()
    await page.getByRole('link', { name: 'Trust' }).click()
    await page.getByRole('button', { name: 'Believe the keys that it shows now' }).click()
    await page.locator('.state .pill.good').waitFor()
  })

  it('can be brought by a reviewer, and then the daemon cannot choose them', async () => {
    await open()
    await page.locator('.state .pill.good').waitFor()
    await page.getByRole('link', { name: 'Trust' }).click()
    await page.getByLabel(/^Trust file/).setInputFiles(trustUpload(softwareLog('log.example/mine')))
    await alarm().getByText('These are not the log keys that this browser believes.').waitFor()
    await page.getByLabel(/^Trust file/).setInputFiles(trustUpload(console.keys))
    await page.getByText('from a trust file that was brought here').waitFor()
    await page.locator('.state .pill.good').getByText('11').waitFor()
  })

  it('must have signed the trust file, and an older one is refused', async () => {
    console.shown.trust = async () => trustFile(console.keys, 5)
    await visitHonestly()
    console.shown.trust = async () => trustFile(console.keys, 4)
    await page.reload()
    await alarm().getByText('trust file number 4; this browser has seen number 5').waitFor()
    console.shown.trust = async () => utf8(utf8Text(trustFile(console.keys, 6)).replace('"serial": 6', '"serial": 7'))
    await page.reload()
    await alarm().getByText('it was changed').waitFor()
    await expectNothingVerified()
  })
})
