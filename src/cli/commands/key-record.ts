/** A key as `keys list --json` and `keys show --json` print it. */
import type { KeyInfo } from '#client'

export function keyRecord(key: KeyInfo): Record<string, unknown> {
  const { name, version, state, suite, createdAt, fingerprint, pem, companion, protection } = key
  return {
    name,
    version,
    state,
    suite,
    createdAt: createdAt.toISOString(),
    fingerprint: `sha256:${fingerprint}`,
    pem,
    ...(companion === undefined ? {} : { companion: { suite: companion.suite, fingerprint: `sha256:${companion.fingerprint}`, pem: companion.pem } }),
    protection,
  }
}
