/** Somebody who tried to be let in and was not: for whoever keeps the log of it. */
import { createHash } from 'node:crypto'
import type { Logger } from '#core'

export interface LoginRefused {
  /** Why, in words that are the same for all of the sort. */
  readonly what: string
  /** What is wrong with this one, and from where it came. */
  readonly detail?: string
  /** `sha256:` and hex, of the certificate in DER. */
  readonly certificateDigest?: string
}

export type OnLoginRefused = (refused: LoginRefused) => void

export interface ListenerReports {
  readonly logger: Logger
  readonly onLoginRefused?: OnLoginRefused | undefined
}

/** The chain of the certificate was verified, but it names nobody. */
export function namelessCertificate(error: Error, peer: string, der: Uint8Array | undefined): LoginRefused {
  const digest = der === undefined ? {} : { certificateDigest: `sha256:${createHash('sha256').update(der).digest('hex')}` }
  return { what: 'the client certificate names no caller', detail: `${error.message}; from ${peer}`, ...digest }
}
