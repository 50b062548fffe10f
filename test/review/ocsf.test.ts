/** OCSF events of every kind of entry, judged by the schemas that OCSF publishes: they know every attribute, and allow no other. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { newOperationId, parseIdentity } from '#core'
import { exportRecord } from '#review'
import { encodeLeaf, type Leaf, LEAF_KINDS, type LogEntry } from '#tlog'
import { PROJECT } from '../support/sealstone.ts'

const CLASSES = { 3002: 'authentication', 3004: 'entity_management', 6002: 'application_lifecycle', 6003: 'api_activity' } as const
const PYTHON = join(PROJECT, '.cache/model-signing-1.1.1/bin/python')
const DIGEST = `sha256:${'ab'.repeat(32)}`
const validators = new Map<number, ValidateFunction>()

beforeAll(() => {
  const script = join(import.meta.dirname, '../support/ocsf_schemas.py')
  const schemas = JSON.parse(
    execFileSync(PYTHON, [script, '1.8.0', ...Object.values(CLASSES)], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
  ) as Record<string, object>
  for (const [uid, name] of Object.entries(CLASSES)) {
    const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
    validators.set(Number(uid), ajv.compile(schemas[name] ?? {}))
  }
})

function entryOf(members: Partial<Leaf>): LogEntry {
  const leaf: Leaf = {
    version: 1,
    time: '2026-03-01T12:00:00.123Z',
    kind: 'outcome',
    operationId: newOperationId(),
    caller: parseIdentity('spiffe://example.org/registry'),
    operation: 'sign',
    ...members,
  }
  return { index: 2n ** 40n, leaf, bytes: encodeLeaf(leaf) }
}

function faultsOf(members: Partial<Leaf>): unknown {
  const event = exportRecord(entryOf(members), 'ocsf', 'log.example/models')
  const validate = validators.get(event['class_uid'] as number)
  if (validate === undefined) throw new Error(`no schema for class ${event['class_uid'] as number}`)
  return validate(event) ? [] : validate.errors
}

const WHOLE: Partial<Leaf> = {
  key: 'default',
  keyVersion: 3,
  suite: 'mldsa65-ecdsa-p256',
  modelName: 'bert',
  modelDigest: DIGEST,
  result: 'error',
  errorCode: 'TOKEN_UNAVAILABLE',
  reason: 'the token is gone',
  signatures: [{ role: 'hybrid', suite: 'mldsa65-ecdsa-p256', keyFingerprint: 'cd'.repeat(32), digest: DIGEST }],
  count: 7,
}

describe('an event', () => {
  it.each(LEAF_KINDS)('of kind %s is one that OCSF knows', (kind) => {
    expect(faultsOf({ kind })).toEqual([])
    expect(faultsOf({ ...WHOLE, kind })).toEqual([])
  })

  it.each(['keys.create', 'keys.rotate', 'keys.destroy', 'keys.of-another-kind', 'sign', 'trust.issue', 'hash.stream'])(
    'of %s is one that OCSF knows',
    (operation) => {
      for (const kind of ['intent', 'outcome', 'refused'] as const) expect(faultsOf({ ...WHOLE, kind, operation })).toEqual([])
    },
  )

  it('of a signature says who, what, when and where in the log', () => {
    const entry = entryOf({ ...WHOLE, result: 'ok' })
    expect(exportRecord(entry, 'ocsf', 'log.example/models')).toMatchObject({
      class_uid: 6003,
      category_uid: 6,
      type_uid: 600301,
      time: 1772366400123,
      status_id: 1,
      severity_id: 1,
      actor: { user: { name: 'spiffe://example.org/registry' } },
      api: { operation: 'sign', request: { uid: entry.leaf.operationId } },
      metadata: { sequence: 2 ** 40, correlation_uid: entry.leaf.operationId },
      raw_data: new TextDecoder().decode(entry.bytes),
    })
  })

  it.each<[Partial<Leaf>, number, number, number]>([
    [{ kind: 'refused' }, 6003, 3, 2],
    [{ kind: 'login-refused' }, 3002, 3, 2],
    [{ kind: 'crash-found' }, 6002, 4, 0],
    [{ kind: 'daemon-start', result: 'ok' }, 6002, 1, 1],
    [{ operation: 'keys.destroy', result: 'ok' }, 3004, 1, 1],
    [{ errorCode: 'SIGNATURE_MISMATCH', result: 'error' }, 6003, 4, 2],
    [{ kind: 'intent' }, 6003, 1, 99],
    [{ kind: 'decision', operation: 'mcp.call', decision: 'blocked' }, 6003, 3, 2],
    [{ kind: 'decision', operation: 'mcp.connect', decision: 'warned' }, 6003, 2, 1],
    [{ kind: 'decision', operation: 'model.run', decision: 'allowed' }, 6003, 1, 1],
  ])('of %j has class %i, severity %i, status %i', (members, class_uid, severity_id, status_id) => {
    expect(exportRecord(entryOf(members), 'ocsf', 'log.example')).toMatchObject({ class_uid, severity_id, status_id })
  })
})

it('is refused by the schemas with an attribute that there is not, or without one that must be there', () => {
  const event = exportRecord(entryOf({}), 'ocsf', 'log.example')
  const validate = validators.get(6003)
  expect(validate?.({ ...event, madeUp: 1 })).toBe(false)
  const { metadata: _gone, ...rest } = event
  expect(validate?.(rest)).toBe(false)
})
