/** sealstone keys restore: a state directory from a backup, or, while a daemon runs, keys that its token no longer has. */
import { realpathSync } from 'node:fs'
import type { RestoredKeyInfo } from '#client'
import { defined, SealstoneError } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'
import { variables } from '../token-environment.ts'

type RestoreOptions = ConnectionOptions & {
  identity?: string
  key?: string
  keyVersion?: number
  all?: boolean
  token?: string
  tokenEnv?: string[]
  module?: string
}

export async function run(context: CommandContext, [folder]: readonly string[], options: RestoreOptions): Promise<ExitStatus> {
  const isLive = options.key !== undefined || options.all === true
  if (folder !== undefined && isLive)
    throw new SealstoneError('USAGE', 'a backup folder goes with neither --key nor --all', {
      hint: 'a folder sets up an empty state directory; --key and --all ask the running daemon',
    })
  if (folder !== undefined) return fromBackup(context, folder, options)
  if (isLive) return underDaemon(context, options)
  throw new SealstoneError('USAGE', 'nothing is named that is to be restored', {
    hint: 'name the folder of a backup, or with a running daemon --key NAME or --all, and --identity FILE',
  })
}

/** Exit 2 where a version that was asked for is still missing; what came back is printed all the same. */
async function underDaemon({ output, home, signal }: CommandContext, options: RestoreOptions): Promise<ExitStatus> {
  const { key, keyVersion, all, identity, token, tokenEnv, module } = options
  if (key !== undefined && all === true) throw new SealstoneError('USAGE', '--key and --all are two ways to say it, want one')
  if (keyVersion !== undefined && key === undefined) throw new SealstoneError('USAGE', '--key-version is given without --key')
  if (identity === undefined)
    throw new SealstoneError('USAGE', '--identity is needed', { hint: 'name the file with the age identity of a recovery recipient' })
  if (token !== undefined || tokenEnv !== undefined || module !== undefined)
    throw new SealstoneError('USAGE', '--token, --token-env and --module go with a backup folder', { hint: 'a running daemon has its token' })
  const which = key === undefined ? ({ all: true } as const) : { name: key, ...defined({ version: keyVersion }) }
  await using client = await openClient(home, options)
  const keys = await client.restoreKeys({ ...which, identityFile: wholePath(identity) }, { signal })
  if (output.json) output.record({ keys })
  else {
    for (const found of keys) output.line(`${label(found, output.good)}  ${visible(nameOf(found))}: ${visible(found.detail)}`)
    if (keys.some(({ outcome }) => outcome === 'restored')) output.note('the identity is still in its file: take it off this machine')
  }
  const missing = keys.filter(({ outcome }) => outcome === 'lost' || outcome === 'failed')
  if (missing.length === 0) return EXIT.ok
  throw new SealstoneError('RECOVERY_INVALID', `still missing in the token: ${missing.map((found) => visible(nameOf(found))).join(', ')}`, {
    hint: 'what they signed goes on to verify; make the next version with: sealstone keys rotate NAME',
  })
}

/** The daemon takes no links: this is resolved by whoever names it. */
function wholePath(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new SealstoneError('FILE_UNREADABLE', `${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
      hint: 'this works on the machine of the daemon',
    })
  }
}

function label({ outcome }: RestoredKeyInfo, good: (text: string) => string): string {
  const text = LABELS[outcome].padEnd(WIDTH)
  return outcome === 'restored' ? good(text) : text
}

function nameOf({ name, version }: RestoredKeyInfo): string {
  return name === undefined ? "the audit log's own keys" : `key ${name} version ${version}`
}

async function fromBackup(
  { output, home }: CommandContext,
  folder: string,
  { identity, token, tokenEnv, module }: RestoreOptions,
): Promise<ExitStatus> {
  // Only here: the other way needs no daemon code.
  const { restoreHome } = await import('#daemon')
  const report = await restoreHome({
    home,
    backup: folder,
    ...defined({ identity, token, module, tokenEnv: tokenEnv === undefined ? undefined : variables(tokenEnv, token) }),
  })
  if (output.json) {
    output.record({ ...report })
    return EXIT.ok
  }
  output.line(`${output.good('restored')}  ${visible(report.home)}`)
  output.line(`  from         a backup of ${visible(report.backup.createdAt)} with ${report.backup.treeSize} log entries`)
  output.line(
    `  token        ${visible(`${report.token.label} (${report.token.model}, serial ${report.token.serial})`)}${report.sameToken ? ', the same' : ''}`,
  )
  output.line(`  module       ${visible(report.settings.module)}`)
  output.line(`  recipients   ${report.settings.recipients.length === 0 ? 'none' : report.settings.recipients.map(visible).join(', ')}`)
  output.line(`  signs again  ${report.recovered.length === 0 ? 'nothing' : report.recovered.map(visible).join(', ')}`)
  for (const version of report.lost) output.line(`  lost         ${visible(version)}`)
  output.note('next: sealstone doctor, then sealstone serve; hand out the new trust file')
  return EXIT.ok
}

const LABELS = { restored: 'restored', present: 'in token', lost: 'lost', failed: 'failed', left: 'left' } as const
const WIDTH = 8
