/** One installation, a model that it signed, and the verdict on what was changed. */
import { type Requirement, type TrustFile, type Verdict, verifyModel } from '#envelopes'
import type { Manifest } from '#hashing'
import type { SuiteId } from '#suites'
import { nativeEngine } from '#suites/native'
import { type Deviations, type Installation, makeInstallation, manifestOf, type SignedFiles, signManifest, trustOf } from '../support/signing.ts'

export const NOW = new Date('2026-06-01T00:00:00Z')
export const manifest = manifestOf(['a.bin', 'dir/b.bin', 'dir/ü.bin'])

export interface Judged {
  /** `undefined` takes away what is there by default, as for `hybrid` and `manifest`. */
  readonly bundle?: Uint8Array | undefined
  readonly hybrid?: Uint8Array | undefined
  readonly trust?: TrustFile
  readonly require?: Requirement
  readonly manifest?: Manifest | undefined
  readonly statement?: 'model' | 'any'
  readonly ignoreUnsignedFiles?: boolean
  readonly now?: Date
}

export interface Case {
  readonly home: Installation
  readonly signed: SignedFiles
  readonly trust: TrustFile
  judge(changes?: Judged): Promise<Verdict>
  /** What a dishonest signer, daemon or log would have made. */
  judgeForged(deviations: Deviations): Promise<Verdict>
}

export function makeCase(suite?: SuiteId): Case {
  const home = makeInstallation(suite)
  const signed = signManifest(home, manifest)
  const trust = trustOf(home)
  const judge = ({ trust: other = trust, ...changes }: Judged = {}): Promise<Verdict> => {
    const {
      bundle,
      hybrid,
      manifest: disk,
      ...rest
    } = { bundle: signed.bundle, hybrid: signed.hybrid, manifest, require: 'key' as const, now: NOW, ...changes }
    return verifyModel({
      ...rest,
      engine: nativeEngine(),
      trust: { kind: 'trust-file', trust: other },
      ...(bundle === undefined ? {} : { bundle }),
      ...(hybrid === undefined ? {} : { hybrid }),
      ...(disk === undefined ? {} : { manifest: disk }),
    })
  }
  const judgeForged = (deviations: Deviations) => {
    const { bundle, hybrid } = signManifest(home, manifest, deviations)
    return judge({ bundle, hybrid })
  }
  return { home, signed, trust, judge, judgeForged }
}

export function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  const index = at < 0 ? bytes.length + at : at
  flipped[index] = (flipped[index] ?? 0) ^ 1
  return flipped
}
