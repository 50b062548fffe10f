/** The console in Chromium, in front of a real daemon on SoftHSM: what a reviewer does with it. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runOk } from '../support/sealstone.ts'
import { findFaults, screenshot } from './browser.ts'
import { type ConsoleStand, openStand, signIn } from './stand.ts'

let stand: ConsoleStand
let page: Page
let problems: string[]

beforeAll(async () => {
  stand = await openStand()
  for (const name of ['resnet', 'resnet', 'whisper']) await stand.sign(name)
  ;({ page, problems } = await signIn(stand, stand.firstLink))
})
afterAll(async () => stand[Symbol.asyncDispose]())

const rows = () => page.locator('.runway .entry')

it('lists the log, newest first, and verifies every entry for itself', async () => {
  await page.locator('.state .pill.good').waitFor()
  await page.locator('.runway .mark.good').nth(11).waitFor()
  expect(await rows().first().innerText()).toContain('signed')
  expect(await rows().first().innerText()).toContain('whisper')
  await expect.poll(() => page.locator('.runway .mark.odd').count()).toBe(0)
  expect(await page.locator('.runway .mark.bad').count()).toBe(0)
  await screenshot(page, 'entries-light')
})

it('sees a new signature as it is made', async () => {
  const before = Number(await page.getByRole('grid').getAttribute('aria-rowcount'))
  await stand.sign('live')
  await page.locator('.runway .entry:first-child', { hasText: 'live' }).locator('.mark.good').waitFor()
  expect(Number(await page.getByRole('grid').getAttribute('aria-rowcount'))).toBeGreaterThan(before)
})

it('narrows the list by kind, by words and by key, and says how far it looked', async () => {
  await stand.fail()
  await page.getByRole('button', { name: 'Outcomes' }).click()
  await page.locator('.counts', { hasText: 'all looked at' }).waitFor()
  expect(await page.locator('.runway .what', { hasText: 'began' }).count()).toBe(0)
  await page.keyboard.press('/')
  await page.keyboard.type('RESNET signatures')
  await page.locator('.counts', { hasText: '2 found, all looked at' }).waitFor()
  await page.locator('.runway .mark.good').nth(1).waitFor()
  expect(await rows().count()).toBe(2)
  expect(await page.locator('.runway .mark.good').count()).toBe(2)
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByLabel('Model (* for any text)').fill('whis*')
  await page.locator('.counts', { hasText: '2 found, all looked at' }).waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByLabel('Key', { exact: true }).fill('nobody')
  await page.locator('.counts', { hasText: '0 found, all looked at' }).waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
})

it('finds what a search is for when it is signed while the page is open', async () => {
  await page.getByLabel('Search').fill('bloom')
  await page.locator('.counts', { hasText: '0 found' }).waitFor()
  await stand.sign('bloom')
  await page.locator('.runway .entry .mark.good').nth(1).waitFor()
  expect(await rows().count()).toBe(2)
  await page.getByLabel('Search').fill('')
  await rows().nth(5).waitFor()
})

it('tells the story of an entry, with its signatures, and saves a receipt that the command line accepts', async () => {
  await page.locator('.runway .entry', { hasText: 'whisper' }).first().click()
  const story = page.locator('.story')
  await story.locator('.proof svg').waitFor()
  await story.locator('.steps .mark.good').nth(1).waitFor()
  expect(await story.locator('.steps li').count()).toBe(2)
  expect(await story.locator('.steps .mark.good').count()).toBe(2)
  expect(await story.locator('tbody tr').allInnerTexts()).toEqual([expect.stringContaining('hybrid'), expect.stringContaining('companion')])
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the receipt' }).click()])
  const { stdout } = await runOk(['audit', 'verify', await download.path(), '--trust', join(stand.home, 'trust.json')])
  expect(stdout).toContain('whisper')
  await page.getByRole('link', { name: 'Show in the tree' }).click()
  await page.getByRole('heading', { name: 'Tree' }).waitFor()
  await page.locator('.proof svg').waitFor()
})

it('is used with a keyboard alone', async () => {
  await page.goto(`${stand.origin}/#/entries`)
  await rows().nth(3).waitFor()
  await page.getByRole('grid').focus()
  for (const key of ['End', 'Home', 'PageDown', 'PageUp', 'ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key)
  await rows().nth(3).waitFor() // they were fetched again on the way
  await pressUntil('Enter', () => page.locator('.story .verdict .mark.good').waitFor({ timeout: 20_000 }))
  const opened = await rows().nth(1).locator('.number').innerText()
  expect(await page.evaluate('document.activeElement.innerText')).toContain(`Entry ${opened}`)
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.innerText')).toContain('Close')
  await page.keyboard.press('Enter')
  await page.locator('.story').waitFor({ state: 'detached' })
  expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('grid')
  await pressUntil('Enter', () => page.locator('.story .verdict .mark.good').waitFor({ timeout: 20_000 }))
  await pressUntil('Escape', () => page.locator('.story').waitFor({ state: 'detached', timeout: 20_000 }))
})

/** As people do where a page was busy and did not hear them; what never comes is the last try's error. */
async function pressUntil(key: string, arrived: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    await page.keyboard.press(key)
    try {
      await arrived()
      return
    } catch (error) {
      if (tries === 4) throw error
    }
  }
}

it.each([360, 768, 1920, 3840])('fits %i pixels, without scrolling sideways or cutting times off', async (width) => {
  await page.setViewportSize({ width, height: width < 500 ? 740 : Math.max(1080, (width * 9) / 16) })
  for (const view of ['entries', 'entries/7', 'tree/7', 'keys', 'trust']) {
    await page.goto(`${stand.origin}/#/${view}`)
    await page.locator(view.includes('/') ? '.proof svg' : 'main').waitFor()
    expect(await page.evaluate('[document.documentElement.scrollWidth, document.body.scrollWidth]'), view).toEqual([width, width])
    expect(await page.evaluate(OVERFLOWING), view).toEqual([])
    expect(await page.evaluate(CUT_TIMES), view).toEqual([])
    await screenshot(page, `${view.replace('/', '-')}-${width}`)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
})

it.each(['light', 'dark'] as const)('has nothing that axe objects to, in %s', async (colorScheme) => {
  await page.emulateMedia({ colorScheme })
  for (const view of ['entries', 'entries/1', 'tree/1', 'keys', 'trust']) {
    await page.goto(`${stand.origin}/#/${view}`)
    await page.locator(view.includes('/') ? '.proof svg' : 'main').waitFor()
    expect(await findFaults(page), view).toEqual([])
    await screenshot(page, `${view.replace('/', '-')}-${colorScheme}`)
  }
})

it('asks nobody but the daemon, and breaks no rule of its policy', () => {
  expect(problems).toEqual([])
})

/** Times in the list that are shown in part. */
const CUT_TIMES = `Array.from(document.querySelectorAll('.runway .time'))
  .filter((element) => element.scrollWidth > element.clientWidth)
  .map((element) => element.innerText)`

/** Elements that stick out of the window and are in nothing that scrolls. */
const OVERFLOWING = `Array.from(document.querySelectorAll('main *, header *'))
  .filter((element) => !element.closest('.scroll, .raw, .word, .runway, svg') && element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.outerHTML.slice(0, 80))`
