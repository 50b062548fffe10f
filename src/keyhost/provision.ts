/** Makes a SoftHSM token of our own: store, softhsm2.conf and PIN files below one directory. The system's SoftHSM is never touched. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SealstoneError, silentLogger } from '#core'
import { type KeyHostChildOptions, startChild } from './child-process.ts'
import { fromWireError, PROTOCOL_VERSION, type ProvisionRequest, type ReplyMessage, type TokenInfo } from './protocol.ts'
import type { TokenLocation } from './token-uri.ts'

export interface ProvisionOptions {
  /** Exists, mode 0700. Gets `token/`, `softhsm2.conf` and `secrets/`. */
  readonly home: string
  /** Default: where Debian, Fedora, Arch and Homebrew install it. */
  readonly modulePath?: string
  /** 1–32 printable ASCII characters. */
  readonly label: string
}

/** The PINs are drawn and written by a child process; this one never sees them. Throws TOKEN_MISSING with what to install. */
export async function provisionSoftHsm({ home, modulePath = findSoftHsm(), label }: ProvisionOptions): Promise<TokenLocation> {
  const store = join(home, 'token')
  const secrets = join(home, 'secrets')
  const configuration = join(home, 'softhsm2.conf')
  const pinFile = join(secrets, 'user.pin')
  for (const path of [store, secrets, configuration]) {
    if (existsSync(path)) throw new SealstoneError('HOME_EXISTS', `${path} exists already; a token is never made over another one`)
  }
  for (const directory of [store, secrets]) mkdirSync(directory, { mode: 0o700 })
  writeFileSync(configuration, softHsmConfiguration(store), { mode: 0o600, flag: 'wx' })
  const env = { SOFTHSM2_CONF: configuration }
  const info = await runProvision(
    env,
    { modulePath, label, userPinFile: pinFile, soPinFile: join(secrets, 'so.pin') },
    { read: [], write: [secrets] },
  )
  return { modulePath, token: label, serial: info.serial, pinFile, env }
}

/** The first SoftHSM module in the usual places. */
function findSoftHsm(): string {
  const found = SOFTHSM_MODULES.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new SealstoneError('TOKEN_MISSING', `SoftHSM2 is not installed: none of ${SOFTHSM_MODULES.join(', ')}`, {
    hint: 'install it (apt install softhsm2, dnf install softhsm, brew install softhsm), or use another token with --token',
  })
}

async function runProvision(
  env: Readonly<Record<string, string>>,
  request: ProvisionRequest,
  files: KeyHostChildOptions['files'],
): Promise<TokenInfo> {
  const { promise, resolve, reject } = Promise.withResolvers<ReplyMessage>()
  const options: KeyHostChildOptions = {
    env,
    files,
    logger: silentLogger,
    onReply: resolve,
    onExit: (how) => reject(new SealstoneError('TOKEN_UNAVAILABLE', `the process that makes the token ended (${how})`)),
  }
  const child = startChild(options)
  const patience = setTimeout(() => child.kill(), PATIENCE_MS)
  try {
    child.send({ protocol: PROTOCOL_VERSION, id: 1, urgent: true, command: { kind: 'provision', request } })
    const reply = await promise
    if (!reply.ok) throw fromWireError(reply.error)
    return reply.result as TokenInfo
  } finally {
    clearTimeout(patience)
    child.disconnect()
  }
}

function softHsmConfiguration(store: string): string {
  if (/[\n#]/.test(store))
    throw new SealstoneError('INPUT_INVALID', 'the path of the state directory holds a line break or #, which softhsm2.conf cannot')
  return `# SoftHSM2 for this Sealstone state directory alone. Used through the environment variable SOFTHSM2_CONF.
directories.tokendir = ${store}
objectstore.backend = file
log.level = ERROR
slots.removable = false
slots.mechanisms = ALL
library.reset_on_fork = false
`
}

const SOFTHSM_MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so', // Debian, Ubuntu
  '/usr/lib64/softhsm/libsofthsm2.so', // Fedora, RHEL
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/lib/pkcs11/libsofthsm2.so', // Arch
  '/opt/homebrew/lib/softhsm/libsofthsm2.so', // Homebrew, Apple silicon
  '/usr/local/lib/softhsm/libsofthsm2.so', // Homebrew, Intel; built from source
]
const PATIENCE_MS = 60_000
