/** sealstone keys enable, disable, retire, compromise, destroy, keep and policy: the life of a key after it was made. */
import type { Client, KeyInfo } from '#client'
import { defined, SealstoneError } from '#core'
import { type CommandContext, type CommandModule, EXIT } from '../command.ts'
import { askToType } from '../confirm.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'
import { printChange } from './key-record.ts'

type ChangeOptions = ConnectionOptions & { keyVersion?: number; reason?: string; since?: string; confirm?: string }
type PolicyOptions = ConnectionOptions & { minSignVersion?: number; minVerifyVersion?: number; rotationDays?: number; deletionAllowed?: boolean }

export const enable = change('enabled', (client, request, call) => client.enableKey(request, call))
export const disable = change('disabled', (client, request, call) => client.disableKey(request, call), 'What it signed verifies with a warning.')
export const retire = change('retired', (client, request, call) => client.retireKey(request, call), 'What it signed goes on to verify.')
export const keep = change('kept', (client, request, call) => client.cancelDestroyKey(request, call))
export const compromise = change(
  'marked',
  (client, request, call, { since }) => {
    if (since === undefined || request.reason === undefined) {
      throw new SealstoneError('USAGE', '--since and --reason are needed', {
        hint: 'say since when somebody else may have had the key, and why: both go into the audit log and the trust file',
      })
    }
    return client.compromiseKey({ ...request, reason: request.reason, since: new Date(since) }, call)
  },
  'Get the new trust file to every verifier now: sealstone keys export --trust',
)

export const destroy: CommandModule = {
  async run(context: CommandContext, [name = '']: readonly string[], options: ChangeOptions) {
    const confirmName = options.confirm ?? (await askForName(context, name))
    await using client = await openClient(context.home, options)
    const key = await client.destroyKey({ ...toRequest(name, options), confirmName }, { signal: context.signal })
    const until = key.destroyAt === undefined ? '' : ` until ${key.destroyAt.toISOString()}`
    printChange(context.output, key, 'scheduled', `It can be kept${until} with: sealstone keys keep ${visible(name)} --key-version ${key.version}`)
    return EXIT.ok
  },
}

export const policy: CommandModule = {
  async run({ output, home, signal }: CommandContext, [name = '']: readonly string[], options: PolicyOptions) {
    const { minSignVersion, minVerifyVersion, rotationDays, deletionAllowed } = options
    const changes = defined({ minSignVersion, minVerifyVersion, rotationDays, deletionAllowed })
    await using client = await openClient(home, options)
    const isQuestion = Object.keys(changes).length === 0
    const key = isQuestion ? await client.getKey(name, { signal }) : await client.setKeyPolicy({ name, ...changes }, { signal })
    if (output.json) output.record({ name, policy: key.policy })
    else {
      output.line(`min-sign-version    ${key.policy.minSignVersion}`)
      output.line(`min-verify-version  ${key.policy.minVerifyVersion}`)
      output.line(`rotation-days       ${key.policy.rotationDays ?? '-'}`)
      output.line(`deletion-allowed    ${key.policy.deletionAllowed}`)
    }
    return EXIT.ok
  },
}

interface Request {
  readonly name: string
  readonly version?: number
  readonly reason?: string
}

function change(
  done: string,
  call: (client: Client, request: Request, options: { readonly signal: AbortSignal }, given: ChangeOptions) => Promise<KeyInfo>,
  next?: string,
): CommandModule {
  return {
    async run({ output, home, signal }: CommandContext, [name = '']: readonly string[], options: ChangeOptions) {
      await using client = await openClient(home, options)
      printChange(output, await call(client, toRequest(name, options), { signal }, options), done, next)
      return EXIT.ok
    },
  }
}

function toRequest(name: string, { keyVersion, reason }: ChangeOptions): Request {
  return { name, ...defined({ version: keyVersion, reason }) }
}

function askForName({ signal }: CommandContext, name: string): Promise<string> {
  const question = 'What this key signed goes on to verify, but it never signs again. Type its name to go on: '
  return askToType({ what: 'the end of a key', question, hint: `repeat its name: --confirm ${name}` }, signal)
}
