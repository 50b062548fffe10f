/** Signs models on disk with keys in memory, in the files and with the receipt that the daemon would give; for verifiers' tests. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashModel } from '#hashing'
import type { SuiteId } from '#suites'
import { type Deviations, makeInstallation, signManifest, type TestKey, trustFileOf, trustOf } from './signing.ts'

export interface SoftwareSigner {
  readonly main: TestKey
  readonly trustBytes: Uint8Array
  readonly hybridPem: string
  readonly companionPem: string
  /** The content of `model.sig` and `model.hybrid.sig` for what is at `path` now. */
  sign(path: string, deviations?: Deviations): Promise<{ modelSig: Uint8Array; hybridSig: Uint8Array }>
  /** The same, written into the directory. */
  signInto(path: string, deviations?: Deviations): Promise<void>
}

export function softwareSigner(suite: SuiteId = 'mldsa65-ecdsa-p256'): SoftwareSigner {
  const installation = makeInstallation(suite)
  const sign: SoftwareSigner['sign'] = async (path, deviations) => {
    const { bundle, hybrid } = signManifest(installation, await hashModel(path), deviations)
    return { modelSig: bundle, hybridSig: hybrid }
  }
  return {
    main: installation.main,
    trustBytes: trustFileOf(trustOf(installation), installation.log),
    hybridPem: installation.main.pem,
    companionPem: installation.companion?.pem ?? '',
    sign,
    async signInto(path, deviations) {
      const { modelSig, hybridSig } = await sign(path, deviations)
      writeFileSync(join(path, 'model.sig'), modelSig)
      writeFileSync(join(path, 'model.hybrid.sig'), hybridSig)
    },
  }
}
