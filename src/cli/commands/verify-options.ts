/** What verify and run are told about signatures and trust, as the client's options. */
import { join } from 'node:path'
import type { VerifyModelFilesOptions } from '#client/offline'
import { defined } from '#core'
import { type TrustOptions, trustSource } from './trust-source.ts'

export type VerifyOptions = TrustOptions & {
  signature?: string
  hybridSignature?: string
  require?: 'hybrid' | 'classical'
  requireProtection?: 'token' | 'hsm'
  ignore?: string[]
  ignoreUnsignedFiles?: boolean
  allowSymlinks?: boolean
}

/** @throws SealstoneError USAGE when more than one kind of thing to trust is named */
export function verifyOptions(home: string, options: VerifyOptions): Omit<VerifyModelFilesOptions, 'path'> {
  const { signature, hybridSignature, require, requireProtection, ignore } = options
  return {
    trust: trustSource(home, options),
    trustMemory: join(home, 'trust-used'),
    ...defined({ signature, hybridSignature, require, requireProtection, ignorePaths: ignore }),
    ignoreUnsignedFiles: options.ignoreUnsignedFiles === true,
    allowSymlinks: options.allowSymlinks === true,
  }
}
