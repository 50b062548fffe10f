/** How a gateway holds a server: by the policy file, or by the options of the command line. */
import { resolve } from 'node:path'
import { defined, LIMITS, SealstoneError, utf8Text } from '#core'
import { readRequired } from '#client/offline'
import { type Approval, type GatewayPolicy, type Mode, parsePolicy, type ServerRule } from '#gateway'
import { UPSTREAM_LIMITS, type UpstreamLimits } from '#upstream'
import { findApproval } from './find-approval.ts'
import { pinTarget, type ServerTarget } from './mcp-target.ts'
import { type TrustOptions, trustSource } from './trust-source.ts'

export type HoldOptions = TrustOptions & {
  policy?: string
  manifest?: string
  mode?: Mode
  require?: 'hybrid' | 'classical'
  requireProtection?: 'token' | 'hsm'
}

export interface Held {
  readonly mode: Mode
  readonly limits: UpstreamLimits
  /** May be missing where nothing is compared. */
  readonly approval?: Approval
}

/** Undefined without --policy. Throws USAGE where another option says what the file says; CONFIG_INVALID, FILE_UNREADABLE. */
export async function readPolicy(options: HoldOptions): Promise<GatewayPolicy | undefined> {
  const { policy, manifest, mode, trust, publicKey, trustRoot, require, requireProtection } = options
  if (policy === undefined) return undefined
  const others = {
    '--manifest': manifest,
    '--mode': mode,
    '--trust': trust,
    '--public-key': publicKey,
    '--trust-root': trustRoot,
    '--require': require,
    '--require-protection': requireProtection,
  }
  const other = Object.entries(others).find(([, value]) => value !== undefined)?.[0]
  if (other !== undefined) throw new SealstoneError('USAGE', `--policy and ${other} exclude each other`, { hint: 'write it into the policy file' })
  return parsePolicy(utf8Text(await readRequired(policy, LIMITS.configFileBytes)), resolve(policy))
}

/** Throws MCP_UNAPPROVED where it is to be enforced what nobody approved, and what `findApproval` throws. */
export async function holdServer(
  home: string,
  target: ServerTarget,
  options: HoldOptions,
  policy: GatewayPolicy | undefined,
  note: (text: string) => void,
): Promise<Held> {
  const pinned = pinTarget(target)
  const { mode, limits, manifest, trust, require, requireProtection } = policy?.ruleFor(pinned) ?? ruleOf(options)
  if (mode === 'off') return { mode, limits }
  // Keys and roots are named on the command line alone.
  const trusted = trustSource(home, policy === undefined ? options : defined({ trust }))
  const approval = await findApproval(home, { manifest, target: pinned, trust: trusted, require, requireProtection })
  if (approval === undefined && mode === 'enforce') throw new SealstoneError('MCP_UNAPPROVED')
  if (approval === undefined) note('nothing says what this MCP server may offer, so nothing is compared')
  return { mode, limits, ...defined({ approval }) }
}

function ruleOf({ mode = 'enforce', manifest, trust, require, requireProtection }: HoldOptions): ServerRule {
  return { mode, limits: UPSTREAM_LIMITS, ...defined({ manifest, trust, require, requireProtection }) }
}
