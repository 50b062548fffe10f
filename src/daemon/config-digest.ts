/** Digests of what the daemon was told to do, for the log: a change shows, what was changed stays in the file. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { canonicalJsonBytes, type JsonObject, type JsonValue } from '#core'
import type { PolicyTable } from '#policy'
import type { Config } from './config.ts'

/**
 * `sha256:` and hex, over canonical JSON (RFC 8785): every setting of `config.toml` that is not at its default, by its name, and with them
 * the SHA-256 of the file that says whose client certificates count, and what the command line adds. Of the module's environment
 * only the names where a value looks like a secret.
 */
export function configDigest(config: Pick<Config, 'changedSettings' | 'listen'>, commandLine: Readonly<Record<string, string>> = {}): string {
  const clientCa = config.listen.tls === undefined ? {} : { 'listen.tls.client_ca sha256': sha256(readFileSync(config.listen.tls.clientCaFile)) }
  return sha256(canonicalJsonBytes({ ...withoutSecrets(config.changedSettings), ...clientCa, ...commandLine }))
}

/** `sha256:` and hex, over the rules as they are read: canonical JSON of the array, absent members left out. */
export function policyDigest(policy: PolicyTable): string {
  return sha256(canonicalJsonBytes(policy.map((rule): JsonObject => ({ ...rule }))))
}

function withoutSecrets(settings: Readonly<Record<string, JsonValue>>): JsonObject {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, SECRET.test(name) ? null : value]))
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

const SECRET = /^token\.env\..*(?:PIN|PASS|SECRET|CRED|KEY|TOKEN)/i
