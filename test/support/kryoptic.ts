/** A kryoptic token for tests: a PKCS#11 3.2 token in software that has ML-DSA, in a folder of its own. Built by `make test-interop`. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TokenLocation } from '#keyhost'
import { PROJECT } from './sealstone.ts'

export interface KryopticToken extends Disposable {
  readonly location: TokenLocation
}

export function makeKryopticToken(label = 'test'): KryopticToken {
  const modulePath = execFileSync('sh', [join(PROJECT, '.ci/kryoptic'), 'path'], { encoding: 'utf8' }).trim()
  if (!existsSync(modulePath)) throw new Error(`kryoptic is not built: ${modulePath}; run: sh .ci/setup interop`)
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-kryoptic-'))
  const configuration = join(folder, 'kryoptic.conf')
  writeFileSync(configuration, `[[slots]]\nslot = 1\ndbtype = "sqlite"\ndbargs = ${JSON.stringify(join(folder, 'token.sql'))}\n`)
  const env = { KRYOPTIC_CONF: configuration }
  const pinFile = join(folder, 'user.pin')
  const userPin = randomBytes(16).toString('hex')
  writeFileSync(pinFile, `${userPin}\n`, { mode: 0o600 })
  initialise({ modulePath, label, userPin, soPin: randomBytes(16).toString('hex') }, env)
  return { location: { modulePath, token: label, pinFile, env }, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** In a process of its own, which has the module's environment; the PINs go there on standard input. */
function initialise(request: object, env: Readonly<Record<string, string>>): void {
  const script = `
    import { text } from 'node:stream/consumers'
    import { initialiseToken } from '#token'
    initialiseToken(JSON.parse(await text(process.stdin)))
  `
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    input: JSON.stringify(request),
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}
