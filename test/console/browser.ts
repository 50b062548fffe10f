/** Debian's Chromium, driven by playwright-core. Missing, it fails the test: `make setup` of the tests installs it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { PROJECT } from '../support/sealstone.ts'

/** For a page on a busy machine, in milliseconds. */
export const PATIENCE_MS = 90_000

/** Kept after the tests, for whoever wants to see what they saw; git ignores it. */
const SCREENSHOTS = join(PROJECT, '.cache/screenshots')

/** @param more arguments of its command line */
export async function openBrowser(...more: readonly string[]): Promise<Browser> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  return chromium.launch({ executablePath: findChromium(), args: [...ARGS, ...more], timeout: PATIENCE_MS })
}

/** The page that the tests see is the one of these sources, whatever was bundled before. */
export function bundlePage(): void {
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/console/build-page.ts'], { cwd: PROJECT, stdio: 'pipe' })
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) })
}

/** What axe finds on the page as it is, one line each. The page's own policy lets no script in, so the driver brings it. */
export async function findFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`)
}

function findChromium(): string {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim()
  } catch (cause) {
    throw new Error('there is no chromium: run sh .ci/setup test', { cause })
  }
}

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
