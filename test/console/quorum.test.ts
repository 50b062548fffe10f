/** Where the trust file demands a quorum of witnesses, the page counts the cosignatures itself: what too few have cosigned is verified for nobody. */
import { readFileSync } from 'node:fs'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { countCosignatures, parseTlogProof, verifyTlogProof } from '#tlog'
import { nobleVerifier } from '../support/software-log.ts'
import { type SoftwareWitness, softwareWitness } from '../support/software-witness.ts'
import { bundlePage, findFaults, openBrowser, PATIENCE_MS, screenshot } from './browser.ts'
import { fill, openSoftwareConsole, type SoftwareConsole, trustFile, trustUpload } from './software-console.ts'

const witnesses = ['witness.example/w1', 'witness.example/w2', 'witness.example/w3'].map((name) => softwareWitness(name)) as [
  SoftwareWitness,
  SoftwareWitness,
  SoftwareWitness,
]
const [first, second, third] = witnesses

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
  console.shown.trust = async () => trustFile(console.keys, 1, witnesses, 2)
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  onTestFinished(async () => {
    await context.close()
    await console[Symbol.asyncDispose]()
  })
})

const open = () => page.goto(console.server.newLink().url)
const good = () => page.locator('.runway .mark.good')
const waiting = () => page.locator('.runway .mark.odd')
const newest = () => console.log.audit.checkpoint() ?? ''
const cosigned = (by: readonly SoftwareWitness[], note = newest()) => by.reduce((lines, witness) => witness.cosign(lines), note)
const alarm = (text: string) => page.getByRole('alert').getByText(text)

it('verifies what two of three have cosigned, and the receipt that it saves has their cosignatures', async () => {
  const note = cosigned([first, third])
  console.shown.cosigned = () => note
  await open()
  await good().nth(10).waitFor()
  await page.locator('.state .pill').getByText('✓ 11 entries').waitFor()
  await page.locator('.runway .entry').first().click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save the receipt' }).click()
  const proof = parseTlogProof(readFileSync(await (await download).path(), 'utf8'))
  expect(verifyTlogProof(proof, proof.extra ?? new Uint8Array(), console.keys.keys, nobleVerifier)).toMatchObject({ size: 11n })
  expect(countCosignatures(proof.checkpoint, witnesses, nobleVerifier).map(({ witness }) => witness)).toEqual([first.name, third.name])
  await page.getByRole('link', { name: 'Trust' }).click()
  await page.getByText('cosignatures by 2 of 3 witnesses').waitFor()
})

it('calls nothing of a server verified that shows too few: quorum not reached', async () => {
  const note = cosigned([first])
  console.shown.cosigned = () => note
  await open()
  await alarm('Quorum not reached.').waitFor()
  await waiting().nth(10).waitFor()
  expect(await good().count()).toBe(0)
  expect(await page.locator('.state .pill').innerText()).toContain('not verified')
  expect(await findFaults(page)).toEqual([])
  await page.locator('.runway .entry').first().click()
  await page.locator('.story .verdict').getByText('quorum not reached').first().waitFor()
  await page.getByText('the trust file wants 2 of 3').nth(1).waitFor()
  expect(await page.getByRole('button', { name: 'Save the receipt' }).count()).toBe(0)
  await screenshot(page, 'quorum-not-reached')
})

it('verifies entries as soon as witnesses have cosigned them, without being loaded again', async () => {
  await open()
  await alarm('Quorum not reached.').waitFor()
  const note = cosigned([first, second])
  console.shown.cosigned = () => note
  await good().nth(10).waitFor()
  await fill(console.log, 2)
  await page.locator('.state .pill').getByText('✓ 11 of 15 entries, quorum not reached for the others').waitFor()
  await waiting().nth(3).waitFor()
  await expect.poll(() => good().count()).toBe(11)
  const later = cosigned([second, third])
  console.shown.cosigned = () => later
  await page.locator('.state .pill').getByText('✓ 15 entries').waitFor()
  await good().nth(14).waitFor()
})

it('holds on to the witnesses of a trust file that a reviewer brought: the daemon cannot ask for fewer', async () => {
  console.shown.trust = async () => trustFile(console.keys, 1)
  await open()
  await good().nth(10).waitFor()
  await page.getByRole('link', { name: 'Trust' }).click()
  await page.getByLabel(/^Trust file/).setInputFiles(trustUpload(console.keys, trustFile(console.keys, 1, witnesses, 3)))
  await alarm('Quorum not reached.').waitFor()
  const note = cosigned(witnesses)
  console.shown.cosigned = () => note
  await page.locator('.state .pill').getByText('✓ 11 entries').waitFor()
})

it('tells at every visit that the daemon asks for less than before, until a reviewer brings the new trust file', async () => {
  const note = cosigned([first, third])
  console.shown.cosigned = () => note
  await open()
  await good().nth(10).waitFor()
  expect(await page.locator('.alarm').allInnerTexts()).toEqual([])
  const less = trustFile(console.keys, 2, witnesses, 1)
  console.shown.trust = async () => less
  for (let visits = 0; visits < 2; visits++) {
    await page.reload()
    await alarm('The daemon asks for less.').waitFor()
    const said = await page.getByRole('alert').innerText()
    expect(said).toContain('wants cosignatures by 2 of 3 witnesses; the one that the daemon shows now wants cosignatures by 1 of 3 witnesses')
    await good().nth(10).waitFor() // what was cosigned is verified all the same
  }
  expect(await findFaults(page)).toEqual([])
  await screenshot(page, 'eased-demand')
  await page.getByRole('link', { name: 'Trust' }).click()
  await page.getByLabel(/^Trust file/).setInputFiles(trustUpload(console.keys, less))
  await alarm('The daemon asks for less.').waitFor({ state: 'detached' })
  await page.reload()
  await page.locator('.state .pill').getByText('✓ 11 entries').waitFor()
  expect(await page.locator('.alarm').allInnerTexts()).toEqual([])
})
