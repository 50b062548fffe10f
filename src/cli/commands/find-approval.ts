/** What a gateway holds a server to: the signed manifest, or without one the pin that a person made. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { TrustSource } from '#client/offline'
import { defined, SealstoneError, toSealstoneError } from '#core'
import type { Approval } from '#gateway'
import { pinPath, type PinTarget, readPin, verifyOffer } from '#toolsets'

export interface ApprovalQuestion {
  /** Path; where it is given the pin is not looked at. */
  readonly manifest: string | undefined
  readonly target: PinTarget
  readonly trust: TrustSource
  readonly require?: 'hybrid' | 'classical' | undefined
  readonly requireProtection?: 'token' | 'hsm' | undefined
}

/**
 * Undefined where there is neither. It is read again where a file that it comes from has changed. Throws VERIFICATION_FAILED or APPROVAL_INVALID for
 * what is not to be believed, and what `verifyOffer` throws.
 */
export async function findApproval(home: string, question: ApprovalQuestion): Promise<Approval | undefined> {
  const files = filesOf(home, question)
  let read = { stamps: stampsOf(files), at: performance.now() }
  let latest = await readApproval(home, question)
  if (latest === undefined) return undefined
  let failure: SealstoneError | undefined
  const renewing = {
    latest: (): Approval => {
      if (failure !== undefined) throw failure
      return { ...(latest as Approval), ...renewing }
    },
    renew: async (): Promise<Approval> => {
      const now = { stamps: stampsOf(files), at: performance.now() }
      if (failure === undefined && now.stamps === read.stamps && now.at - read.at < LONGEST_MS) return renewing.latest()
      try {
        const approval = await readApproval(home, question)
        if (approval === undefined) throw new SealstoneError('MCP_UNAPPROVED')
        latest = approval
        failure = undefined
      } catch (error) {
        failure = toSealstoneError(error)
        throw failure
      }
      read = now
      return renewing.latest()
    },
  }
  return renewing.latest()
}

/** What a change of the approval, or of what it is trusted for, shows in. */
function filesOf(home: string, { manifest, target, trust }: ApprovalQuestion): readonly string[] {
  if (manifest === undefined) return [pinPath(pinFolder(home), target)]
  return [manifest, ...('paths' in trust ? trust.paths : [trust.path])]
}

function stampsOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
      return stats === undefined ? '' : [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':')
    })
    .join(' ')
}

async function readApproval(home: string, question: ApprovalQuestion): Promise<Approval | undefined> {
  const { manifest, trust, require, requireProtection } = question
  if (manifest === undefined) return await findPin(home, question.target)
  const { verdict, approved } = await verifyOffer(manifest, {
    trust,
    trustMemory: join(home, 'trust-used'),
    ...defined({ require, requireProtection }),
  })
  if (approved !== undefined) return { ...approved, source: `the signed manifest ${manifest}` }
  const failed = verdict.checks.find(({ status }) => status === 'failed')
  throw new SealstoneError('VERIFICATION_FAILED', `the manifest ${manifest} does not verify${failed === undefined ? '' : `: ${failed.reason}`}`, {
    hint: 'do not use the server with it; get the manifest again from whoever signed it',
  })
}

export function pinFolder(home: string): string {
  return join(home, 'mcp', 'pins')
}

async function findPin(home: string, target: PinTarget): Promise<Approval | undefined> {
  const pin = await readPin(pinFolder(home), target)
  return pin && { offer: pin.offer, digest: pin.digest, source: `the pin of ${pin.approvedAt}` }
}

/** Trust files and keys have their times. */
const LONGEST_MS = 10 * 60_000
