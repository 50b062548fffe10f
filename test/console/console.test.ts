/** The console in Chromium, in front of a real daemon on SoftHSM: what a reviewer does with it. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
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
  expect(await page.locator('.runway .mark.bad, .runway .mark.odd').count()).toBe(0)
  await screenshot(page, 'entries-light')
})

it('sees a new signature as it is made', async () => {
  const before = Number(await page.getByRole('grid').getAttribute('aria-rowcount'))
  await stand.sign('live')
  await page.locator('.runway .entry:first-child', { hasText: 'live' }).locator('.mark.good').waitFor()
  expect(Number(await page.getByRole('grid').getAttribute('aria-rowcount'))).toBeGreaterThan(before)
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
