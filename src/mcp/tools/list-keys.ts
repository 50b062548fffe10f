/** list_keys: the signing keys of the daemon, their public halves and states. */
import { z } from 'zod'
import type { KeyInfo } from '#client'
import { defined } from '#core'
import { tool } from '../tool.ts'
import { NoticeShape, Untrusted, untrusted } from '../untrusted.ts'

const KeyShape = z.strictObject({
  name: z.string(),
  version: z.int(),
  state: z.string().describe('NIST SP 800-57: pre-active, active, suspended, deactivated, compromised or destroyed'),
  suite: z.string(),
  fingerprint: z.string().describe('hex SHA-256 of the public key'),
  createdAt: z.string(),
  companionSuite: z.string().optional().describe('of the classical key that signs model.sig'),
  companionFingerprint: z.string().optional(),
  notAfter: z.string().optional(),
  destroyAt: z.string().optional(),
  reason: Untrusted.optional(),
  quarantine: Untrusted.optional().describe('why it does not sign although it is active'),
})

export const listKeysTool = tool({
  name: 'list_keys',
  title: 'List signing keys',
  description:
    'Lists the versions of the signing keys that the Sealstone daemon holds: name, state, suite, fingerprints. Public facts only. Needs the daemon.',
  input: z.strictObject({ name: z.string().max(63).optional().describe('only versions of this key') }),
  output: z.strictObject({ notice: NoticeShape, keys: z.array(KeyShape), total: z.int() }),
  asksDaemon: true,
  run: async ({ name }, { service, signal }) => {
    const client = await service.client()
    const keys = (await client.listKeys({ signal })).filter((key) => name === undefined || key.name === name)
    return { keys: keys.slice(0, MOST_KEYS).map(keyJson), total: keys.length }
  },
})

function keyJson({ name, version, state, suite, fingerprint, createdAt, companion, notAfter, destroyAt, reason, quarantine }: KeyInfo) {
  return {
    name,
    version,
    state,
    suite,
    fingerprint,
    createdAt: createdAt.toISOString(),
    ...defined({
      companionSuite: companion?.suite,
      companionFingerprint: companion?.fingerprint,
      notAfter: notAfter?.toISOString(),
      destroyAt: destroyAt?.toISOString(),
      reason: reason === undefined ? undefined : untrusted(reason),
      quarantine: quarantine === undefined ? undefined : untrusted(quarantine),
    }),
  }
}

const MOST_KEYS = 200
