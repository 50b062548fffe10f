/** What a gateway holds a server to: the signed manifest, or without one the pin that a person made. */
import { join } from 'node:path'
import type { TrustSource } from '#client/offline'
import { defined, SealstoneError } from '#core'
import type { Approval } from '#gateway'
import { type PinTarget, readPin, verifyOffer } from '#toolsets'

export interface ApprovalQuestion {
  /** Path; where it is given the pin is not looked at. */
  readonly manifest: string | undefined
  readonly target: PinTarget
  readonly trust: TrustSource
  readonly require?: 'hybrid' | 'classical' | undefined
  readonly requireProtection?: 'token' | 'hsm' | undefined
}

/** Undefined where there is neither. Throws VERIFICATION_FAILED or APPROVAL_INVALID for what is not to be believed, and what `verifyOffer` throws. */
export async function findApproval(home: string, question: ApprovalQuestion): Promise<Approval | undefined> {
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
