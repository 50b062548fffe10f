/** A signed manifest of an MCP server is believed only when everything about its signature is good. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { JsonValue } from '#core'
import { buildStatement, type TrustPolicy } from '#envelopes'
import { verifyStatement } from '#client/offline'
import { type Offer, OFFER_PREDICATE_TYPE, offerDigest, offerStatement, verifyOffer } from '#toolsets'
import { temporaryFolder } from '../support/sealstone.ts'
import {
  type Deviations,
  type Installation,
  makeInstallation,
  manifestOf,
  signManifest,
  signStatement,
  trustFileOf,
  trustOf,
} from '../support/signing.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const home = makeInstallation()
const now = new Date('2026-06-01T00:00:00Z')
const offer: Offer = {
  server: { name: 'files', version: '1.0.0' },
  tools: [{ name: 'read', description: 'Reads a file', inputSchema: { type: 'object' } }],
  prompts: [],
  resources: [],
  resourceTemplates: [],
}

describe('a signed offer', () => {
  it('is handed out whole with a good verdict', async () => {
    const path = join(folder.path, 'files.mcp.hybrid.sig')
    writeFileSync(path, signed(home))
    const { verdict, approved } = await verifyOffer(path, { trust: trusting(home), now })
    expect(verdict.ok).toBe(true)
    expect(verdict.statement).toEqual({ predicateType: OFFER_PREDICATE_TYPE, modelName: 'files', resourceCount: 1 })
    expect(approved).toEqual({ offer, digest: offerDigest(offer) })
  })

  it.each<[what: string, bytes: () => Uint8Array, check: string]>([
    ['by a key that is not trusted', () => signed(makeInstallation()), 'key-trusted'],
    ['whose signature was changed', () => signed(home, { signature: flipFirst }), 'hybrid-signature'],
    ['whose receipt is of another log', () => signed(home, { log: makeInstallation().log }), 'audit-receipt'],
    ['that is a statement of a model', () => signManifest(home, manifestOf(['a.bin'])).hybrid, 'bundle-format'],
    ['that is a statement of another kind', () => signed(home, {}, 'https://slsa.dev/provenance/v1'), 'bundle-format'],
    ['that is no signature', () => new TextEncoder().encode('{}'), 'bundle-format'],
  ])('%s is not handed out', async (_, bytes, check) => {
    const { verdict, approved } = await verifyOffer(bytes(), { trust: trusting(home), now })
    expect(approved).toBeUndefined()
    expect(verdict.checks.filter(({ status }) => status === 'failed').map(({ name }) => name)).toContain(check)
  })

  it('must be quantum-safe unless less is asked for', async () => {
    const classical = makeInstallation('ecdsa-p256')
    const options = { trust: trusting(classical), now }
    expect((await verifyOffer(signed(classical), options)).approved).toBeUndefined()
    expect((await verifyOffer(signed(classical), { ...options, require: 'classical' })).approved).toBeDefined()
  })

  it('is refused with a trust file that is older than one that was used before', async () => {
    const memory = join(folder.path, 'memory')
    const path = join(folder.path, 'trust.json')
    const verifyWith = (serial: number) => {
      writeFileSync(path, trustFileOf({ ...trustOf(home), serial }, home.log))
      return verifyOffer(signed(home), { trust: { kind: 'trust-file', path }, trustMemory: memory, now })
    }
    expect((await verifyWith(2)).verdict.ok).toBe(true)
    await expect(verifyWith(1)).rejects.toMatchObject({ code: 'TRUST_ROLLBACK' })
  })

  it('that is not there is a missing signature', async () => {
    await expect(verifyOffer(join(folder.path, 'gone'), { trust: trusting(home) })).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' })
  })

  it('with a good signature over something that is no offer is refused', async () => {
    const { subjects } = offerStatement(offer)
    const payload = buildStatement({ predicateType: OFFER_PREDICATE_TYPE, predicate: { offer: { tools: [] } }, subjects })
    await expect(verifyOffer(signStatement(home, payload).hybrid, { trust: trusting(home), now })).rejects.toMatchObject({ code: 'FORMAT_INVALID' })
  })
})

describe('any other statement', () => {
  it('is handed out when it is of the wanted type', async () => {
    const predicateType = 'https://slsa.dev/provenance/v1'
    const { verdict, statement } = await verifyStatement(signed(home, {}, predicateType), { predicateType, trust: trusting(home), now })
    expect(verdict.ok).toBe(true)
    expect(statement?.subjects).toEqual([{ name: 'files', sha256: offerDigest(offer) }])
  })
})

function signed(by: Installation, deviations: Deviations = {}, predicateType = OFFER_PREDICATE_TYPE): Uint8Array {
  const { predicate, subjects } = offerStatement(offer)
  return signStatement(by, buildStatement({ predicateType, predicate: predicate as JsonValue, subjects }), deviations).hybrid
}

function trusting(by: Installation): TrustPolicy {
  return { kind: 'trust-file', trust: trustOf(by) }
}

function flipFirst(signature: Uint8Array): Uint8Array {
  return Uint8Array.from(signature, (byte, at) => (at === 0 ? byte ^ 1 : byte))
}
