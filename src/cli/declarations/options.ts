/** Options that several commands share, and the readers of their values. */
import { InvalidArgumentError } from 'commander'
import type { OptionDeclaration } from '../command.ts'

/** How to reach the daemon. */
export const CONNECTION_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--address <address>', description: 'unix:/path or host:port of the daemon; default is the socket in the state directory' },
  { flags: '--tls-ca <pem>', description: "certificate authority of the daemon's certificate, for host:port" },
  { flags: '--tls-cert <pem>', description: 'your client certificate' },
  { flags: '--tls-key <pem>', description: 'its private key' },
  { flags: '--timeout <seconds>', description: 'give up after this long; default 60', parse: positiveInteger },
]

export const OUTPUT_OPTION: OptionDeclaration = { flags: '-o, --output <file>', description: 'write to this file instead of standard output' }

export const PROGRESS_OPTION: OptionDeclaration = {
  flags: '--progress <form>',
  description: 'auto: a bar on a terminal; json: one object a line on standard error; none',
  choices: ['auto', 'json', 'none'],
}

export function positiveInteger(text: string): number {
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value === 0 || !Number.isSafeInteger(value)) throw new InvalidArgumentError('Want a whole number from 1.')
  return value
}

/** RFC 3339 with a zone, or a date (midnight UTC). */
export function timestamp(text: string): string {
  const time = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) ? new Date(text) : undefined
  if (time === undefined || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError('Want a date or time such as 2026-03-01 or 2026-03-01T12:00:00Z.')
  return time.toISOString()
}
