/** What the log tells of decisions that gateways make: each that there is room for, the number of the rest, and nothing of who may not tell any. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { parseIdentity, SealstoneError } from '#core'
import { type CallContext, createOperations, type Decision, type OperationContext, type Operations } from '#operations'
import type { Leaf } from '#tlog'
import { type LiveInstallation, openInstallation } from '../support/installation.ts'

const GATEWAY = parseIdentity('spiffe://hospital.example/gateway')
const ECHO: Decision = {
  operation: 'mcp.call',
  subject: 'everything/echo',
  digest: 'ab'.repeat(32),
  decision: 'blocked',
  reason: 'not in the set',
}
let home: LiveInstallation
let operations: Operations

beforeAll(async () => {
  home = await openInstallation([
    { identity: 'local', operations: ['*'], keys: ['*'] },
    { identity: GATEWAY, operations: ['audit.record'], keys: [] },
    { identity: 'auditor.example.org', operations: ['audit.read'], keys: [] },
  ])
})
afterAll(() => home[Symbol.asyncDispose]())
beforeEach(() => {
  operations = withContext({})
})

const withContext = (changes: Partial<OperationContext>): Operations => createOperations({ ...home.context, ...changes })
const as = (identity: string): CallContext => ({ ...home.call, identity: parseIdentity(identity) })
const leavesSince = (from: bigint): Leaf[] => [...home.context.audit.entries({ from })].map(({ leaf }) => leaf)
const size = (): bigint => home.context.audit.size()

it('a decision is a leaf when its caller hears of it, with who said it and by which rule', async () => {
  const from = size()
  expect(await operations.recordDecision(as(GATEWAY), ECHO)).toBe(from)
  expect(leavesSince(from)).toMatchObject([
    {
      kind: 'decision',
      caller: GATEWAY,
      operation: 'mcp.call',
      decision: 'blocked',
      modelName: 'everything/echo',
      modelDigest: `sha256:${'ab'.repeat(32)}`,
      reason: 'not in the set',
      policyRule: 1,
      policyDigest: home.context.policyDigest,
    },
  ])
})

it('refuses who may only read, and says so in the log', async () => {
  const from = size()
  await expect(operations.recordDecision(as('auditor.example.org'), ECHO)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  expect(leavesSince(from)).toMatchObject([{ kind: 'refused', operation: 'audit.record', caller: 'auditor.example.org' }])
})

it('shows what a terminal would obey, and cuts what does not fit into a leaf', async () => {
  const from = size()
  await operations.recordDecision(as(GATEWAY), { ...ECHO, subject: 'echo\u001b[2J\u202e', reason: '\n'.repeat(4096) })
  const [leaf] = leavesSince(from)
  expect(leaf?.modelName).toBe('echo\\u{1b}[2J\\u{202e}')
  expect(leaf?.reason).toMatch(/^(\\u\{a\})+.*…$/)
  expect(leaf?.reason?.length).toBe(4096)
})

it('counts what a minute has no room for and tells the number; no flood of one sort hides another', async () => {
  const from = size()
  const allowed: Decision = { operation: 'mcp.call', subject: 'echo', decision: 'allowed' }
  const indexes: (bigint | undefined)[] = []
  for (let count = 0; count < 500; count++) indexes.push(await operations.recordDecision(as(GATEWAY), allowed))
  expect(indexes.filter((index) => index !== undefined)).toHaveLength(20)
  expect(await operations.recordDecision(as(GATEWAY), ECHO)).toBeDefined()
  await operations.tellCounted()
  await operations.tellCounted()
  const told = leavesSince(from)
  expect(told).toHaveLength(22)
  expect(told.at(-1)).toMatchObject({ kind: 'decision', caller: GATEWAY, operation: 'mcp.call', decision: 'allowed', count: 480 })
})

it('lets no caller use up the room of another', async () => {
  operations = withContext({ policy: [{ identity: '*', operations: ['audit.record'], keys: [] }] })
  for (const operation of ['mcp.connect', 'mcp.approve', 'mcp.call', 'model.run'] as const)
    for (let count = 0; count < 30; count++) await operations.recordDecision(as('noisy.example.org'), { ...ECHO, operation })
  expect(await operations.recordDecision(as('quiet.example.org'), ECHO)).toBeDefined()
})

it('loses none of many callers: those that there is no row for are leaves of their own', async () => {
  const table = { policy: [{ identity: '*', operations: ['audit.record'], keys: [] }] } as const
  operations = withContext(table)
  const from = size()
  for (let number = 0; number < 400; number++) await operations.recordDecision(as(`gateway-${number}.example.org`), ECHO)
  await operations.tellCounted()
  const told = leavesSince(from)
  expect(new Set(told.map(({ caller }) => caller)).size).toBe(400)
  expect(told.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(400)
})

it('fails while the log cannot be written, and what was counted is told when it can', async () => {
  const from = size()
  let isFull = false
  const { audit } = home.context
  const append: typeof audit.append = async (leaf) => {
    if (isFull) throw new SealstoneError('AUDIT_UNAVAILABLE')
    return await audit.append(leaf)
  }
  operations = withContext({ audit: { ...audit, append } })
  for (let count = 0; count < 22; count++) await operations.recordDecision(as(GATEWAY), ECHO)
  isFull = true
  await operations.tellCounted()
  await expect(operations.recordDecision(as(GATEWAY), { ...ECHO, operation: 'mcp.connect' })).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
  isFull = false
  await operations.tellCounted()
  expect(leavesSince(from).at(-1)).toMatchObject({ decision: 'blocked', count: 2, reason: 'counted, not told one by one' })
})
