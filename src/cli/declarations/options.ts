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

/** Whom and what to believe of a signature. */
export const TRUST_OPTION: OptionDeclaration = {
  flags: '--trust <file>',
  description: 'trust file (from: sealstone keys export --trust); default is trust.json of the state directory',
}
/** Of commands that read the log. */
export const LOG_TRUST_OPTION: OptionDeclaration = {
  flags: '--trust <file>',
  description: 'trust file with the keys of the log; default is trust.json of the state directory',
}
export const PUBLIC_KEY_OPTION: OptionDeclaration = {
  flags: '--public-key <pem>',
  description: 'trust this public key; may be repeated',
  repeatable: true,
}
export const TRUST_ROOT_OPTION: OptionDeclaration = {
  flags: '--trust-root <pem>',
  description: 'trust certificates issued by this root; may be repeated',
  repeatable: true,
}
export const REQUIRE_OPTION: OptionDeclaration = {
  flags: '--require <kind>',
  description: 'signature that must be there; default hybrid',
  choices: ['hybrid', 'classical'],
}
export const PROTECTION_OPTION: OptionDeclaration = {
  flags: '--require-protection <level>',
  description: 'how the key must be guarded: in a token or sealed by one, and nowhere else (token), and not a software token (hsm)',
  choices: ['token', 'hsm'],
}

/** By which key something is signed. */
export const SIGNING_KEY_OPTION: OptionDeclaration = { flags: '--key <name>', description: "name of the signing key; default 'default'" }
export const KEY_VERSION_OPTION: OptionDeclaration = {
  flags: '--key-version <number>',
  description: 'version of the key; default is the newest that may sign',
  parse: positiveInteger,
}

/** An MCP server that is no command. */
export const SERVER_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--url <url>', description: 'a server over HTTP in place of a command: https, or http on this machine' },
  { flags: '--env <name>', description: 'pass this variable to the server; may be repeated', repeatable: true },
  {
    flags: '--header <name=variable>',
    description: 'send this header to --url, with the value of the variable; may be repeated',
    repeatable: true,
  },
]

/** Of a verified model that is handed on. */
export const GUARD_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--guard-dir <directory>', description: "your own, on the model's file system for clones; default is run in the state directory" },
  { flags: '--copy-limit <bytes>', description: 'allow plain copies of models up to this size; default is none', parse: positiveInteger },
]

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
