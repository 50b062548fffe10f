/** Makes the pictures of docs/console.md: six weeks of a log that ends now, and a server that forges what it shows of one model. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { type Clock, parseIdentity, utf8, utf8Text } from '#core'
import type { NewLeaf } from '#tlog'
import { intent, outcome } from '../audit/support.ts'
import { PROJECT } from '../support/sealstone.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { softwareLog } from '../support/software-log.ts'
import { bundlePage, openBrowser } from './browser.ts'
import { openSoftwareConsole, type SoftwareConsole } from './software-console.ts'

const HOUR = 3_600_000
const LENGTH = 42 * 24 * HOUR
const MODELS = ['bert-base-uncased', 'llama-guard', 'mistral-7b', 'resnet-50', 'silero-vad', 'whisper-small']
const random = seededRandom(7)
const time = { now: Date.now() - LENGTH }
const FINGERPRINTS = [hex(), hex()]
const clock: Clock = { now: () => new Date(time.now), monotonicMs: () => time.now }

bundlePage()
const browser = await openBrowser()
try {
  await using console = await openSoftwareConsole(softwareLog('log.example/models'), clock)
  await grow(console)
  const entries = await open('light')
  await entries.screenshot({ path: picture('entries') })

  const story = await open('dark')
  await story.locator('.runway .entry').nth(2).click()
  await story.locator('.story .proof svg').waitFor()
  await story.locator('.story .verdict .mark.good').waitFor()
  await story.locator('.story .proof svg').scrollIntoViewIfNeeded()
  await story.screenshot({ path: picture('story') })

  const { search } = console.shown
  console.shown.search = async (query) => {
    const found = await search(query)
    return { ...found, entries: found.entries.map((entry) => ({ ...entry, leaf: forge(entry.leaf) })) }
  }
  const forged = await open('light')
  await forged.locator('.runway .entry.forged').first().click()
  await forged.locator('.story .verdict .mark.bad').waitFor()
  await forged.screenshot({ path: picture('forged') })

  async function open(colorScheme: 'light' | 'dark'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme })
    await page.goto(console.server.newLink().url)
    await page.locator('.runway .mark.good').nth(8).waitFor()
    await page.locator('.uplot canvas').waitFor()
    await page.waitForLoadState('networkidle')
    return page
  }
} finally {
  await browser.close()
}

/** Some signings a day, some fail, some are refused. */
async function grow({ log: { audit } }: SoftwareConsole): Promise<void> {
  const end = time.now + LENGTH
  for (;;) {
    time.now += Math.round((random() + 0.3) * 5 * HOUR)
    if (time.now > end) return
    const facts = factsOf()
    const began = intent(facts)
    if (random() < 0.03) {
      await audit.append({
        ...began,
        kind: 'refused',
        result: 'error',
        errorCode: 'PERMISSION_DENIED',
        reason: 'no rule for this identity allows the operation',
      })
      continue
    }
    await audit.append(began)
    time.now += 40
    const ended = outcome({ ...facts, operationId: began.operationId })
    await audit.complete(random() < 0.04 ? { ...ended, result: 'error', errorCode: 'OVERLOADED' } : { ...ended, signatures: signatures() })
  }
}

function factsOf(): Partial<NewLeaf> {
  return {
    caller: parseIdentity(random() < 0.4 ? 'local' : 'spiffe://registry.example/publisher'),
    key: random() < 0.8 ? 'default' : 'release',
    keyVersion: 1,
    suite: 'mldsa65-ecdsa-p256',
    modelName: MODELS[Math.floor(random() * MODELS.length)] as string,
    modelDigest: `sha256:${hex()}`,
    signedBytesDigest: `sha256:${hex()}`,
    resourceCount: 12,
  }
}

function signatures(): NonNullable<NewLeaf['signatures']> {
  return [
    { role: 'hybrid', suite: 'mldsa65-ecdsa-p256', keyFingerprint: FINGERPRINTS[0] as string, digest: `sha256:${hex()}` },
    { role: 'companion', suite: 'ecdsa-p256', keyFingerprint: FINGERPRINTS[1] as string, digest: `sha256:${hex()}` },
  ]
}

function forge(leaf: Uint8Array): Uint8Array {
  const text = utf8Text(leaf)
  return text.includes('"kind":"outcome"') ? utf8(text.replace('"resnet-50"', '"resnet-51"')) : leaf
}

function hex(): string {
  return Array.from({ length: 32 }, () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0'),
  ).join('')
}

function picture(name: string): string {
  return join(PROJECT, `docs/images/console-${name}.png`)
}
