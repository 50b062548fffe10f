/** Bundles signed by a certificate: leaf first, to a root that the verifier gave, everything on the way in force. */
import { webcrypto, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildModelStatement, pae, parseBundle, STATEMENT_PAYLOAD_TYPE, type Verdict, verifyModel } from '#envelopes'
import { parsePublicKey, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import {
  CODE_SIGNING,
  DIGITAL_SIGNATURE,
  KEY_CERT_SIGN,
  makeCertificate,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  type TestCertificate,
} from '../support/certificates.ts'
import { checkOf, OMS } from './oms-files.ts'
import { manifestOf } from '../support/signing.ts'

const payload = buildModelStatement(manifestOf(['a.bin', 'b.bin']))
const NOW = new Date('2026-06-01T00:00:00Z')

let root: TestCertificate
let intermediate: TestCertificate
let leaf: TestCertificate

beforeAll(async () => {
  root = await makeRoot()
  intermediate = await makeIntermediate(root)
  leaf = await makeLeaf(intermediate)
})

describe('a certificate bundle', () => {
  it('is valid under the root that its chain leads to, and names the signer', async () => {
    const verdict = await judge(leaf, [leaf, intermediate], [root])
    expect(verdict.ok).toBe(true)
    expect(verdict.signer).toMatchObject({ certificateSubject: 'CN=test signer', suite: 'ecdsa-p384' })
    expect(checkOf(verdict, 'certificate-chain')).toBe('passed: CN=test signer leads to the trusted root CN=test root')
  })

  it('may bring its root along, and other certificates that are not on the path', async () => {
    const stray = await makeIntermediate(root, { name: 'not on the path' })
    expect((await judge(leaf, [leaf, stray, intermediate, root], [root])).ok).toBe(true)
    expect((await judge(leaf, [leaf, intermediate], [intermediate])).ok, 'an intermediate may be the root').toBe(true)
    expect((await judge(leaf, [leaf], [leaf])).ok, 'the leaf itself may be given').toBe(true)
  })

  it.each<[string, () => Promise<Verdict>, RegExp]>([
    ['without a root', () => judge(leaf, [leaf, intermediate], []), /leads to none of the trusted roots/],
    ['under another root of the same name', async () => judge(leaf, [leaf, intermediate], [await makeRoot()]), /leads to none/],
    ['without its intermediate', () => judge(leaf, [leaf], [root]), /CN=test signer leads to none/],
    ['that only brings its own root', () => judge(leaf, [leaf, intermediate, root], []), /leads to none/],
    [
      'whose leaf has expired, with the date',
      async () => judgeLeaf({ notAfter: '2026-05-31T23:59:59Z' }),
      /^failed: certificate CN=test signer expired on 2026-05-31T23:59:59.000Z$/,
    ],
    ['whose leaf is not valid yet', () => judgeLeaf({ notBefore: '2026-07-01T00:00:00Z' }), /not valid before 2026-07-01T00:00:00.000Z/],
    ['whose intermediate has expired', () => judgeIntermediate({ notAfter: '2026-02-01T00:00:00Z' }), /CN=test intermediate expired on 2026-02-01/],
    ['whose intermediate is no CA', () => judgeIntermediate({ ca: false }), /CN=test intermediate issued another one but is no CA/],
    ['whose intermediate may not sign certificates', () => judgeIntermediate({ keyUsage: DIGITAL_SIGNATURE }), /may not sign certificates/],
    ['whose leaf may only sign certificates', () => judgeLeaf({ keyUsage: KEY_CERT_SIGN }), /may not make signatures/],
    ['whose leaf is for TLS servers', () => judgeLeaf({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }), /not for code signing/],
    ['with an extension twice', () => judgeLeaf({ critical: '2.5.29.15' }), /has an extension twice/],
    [
      'whose leaf names another issuer than the one that signed it',
      () => judgeLeaf({ issuer: { ...intermediate, name: 'somebody else' } }),
      /CN=test signer leads to none/,
    ],
    ['with a critical extension that nobody knows', () => judgeLeaf({ critical: '1.2.3.4' }), /critical extension 1\.2\.3\.4/],
    [
      'with critical name constraints, which are not processed',
      () => judgeIntermediate({ critical: '2.5.29.30' }),
      /critical extension 2\.5\.29\.30/,
    ],
  ])('%s is refused', async (_, run, reason) => {
    const verdict = await run()
    expect(verdict.ok).toBe(false)
    expect(checkOf(verdict, 'certificate-chain')).toMatch(reason)
    expect(verdict.signer).toBeUndefined()
  })

  it('below a CA that may only issue for other purposes is refused', async () => {
    const serverAuth = '1.3.6.1.5.5.7.3.1'
    const verdict = await judgeIntermediate({ extendedKeyUsage: [serverAuth] })
    expect(checkOf(verdict, 'certificate-chain')).toMatch(/may not issue certificates for code signing/)
    expect((await judgeIntermediate({ extendedKeyUsage: [serverAuth, CODE_SIGNING] })).ok).toBe(true)
  })

  it('signed with SHA-1 is refused', async () => {
    const weak = await makeIntermediate(root, { hash: 'SHA-1' })
    const below = await makeLeaf(weak)
    expect(checkOf(await judge(below, [below, weak], [root]), 'certificate-chain')).toMatch(/is signed with .*, want SHA-256 or stronger/)
  })

  it('under an RSA root of 1024 bits is refused', async () => {
    const rsa = { name: 'RSASSA-PKCS1-v1_5', publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' }
    for (const [modulusLength, ok] of [
      [1024, false],
      [2048, true],
    ] as const) {
      const keys = await webcrypto.subtle.generateKey({ ...rsa, modulusLength }, true, ['sign', 'verify'])
      const issuer = await makeRoot({ keys, hash: 'SHA-256' })
      const below = await makeLeaf(issuer, { hash: 'SHA-256' })
      const verdict = await judge(below, [below], [issuer])
      expect(verdict.ok).toBe(ok)
      expect(checkOf(verdict, 'certificate-chain')).toMatch(ok ? /^passed/ : /RSA key of 1024 bits, want at least 2048/)
    }
  })

  it('followed by other bytes is refused', async () => {
    const longer = { ...leaf, der: Uint8Array.from([...leaf.der, 0]) }
    expect((await judge(leaf, [longer, intermediate], [root])).ok).toBe(false)
  })

  it('whose root has expired is refused', async () => {
    const old = await makeRoot({ notAfter: '2026-03-01T00:00:00Z' })
    const verdict = await judge(leaf, [await makeLeaf(old)], [old])
    expect(checkOf(verdict, 'certificate-chain')).toMatch(/CN=test root expired on 2026-03-01/)
  })

  it('with more CAs below one than it allows is refused', async () => {
    const narrow = await makeRoot({ pathLength: 0 })
    const direct = await makeLeaf(narrow)
    expect((await judge(direct, [direct], [narrow])).ok).toBe(true)
    const middle = await makeIntermediate(narrow)
    const deep = await makeLeaf(middle)
    expect(checkOf(await judge(deep, [deep, middle], [narrow]), 'certificate-chain')).toMatch(/CN=test root has too many CAs below it/)
  })

  it('without any key usage is refused, with either of the two it is taken', async () => {
    const bare = await makeCertificate({ name: 'bare', issuer: intermediate })
    expect(checkOf(await judge(bare, [bare, intermediate], [root]), 'certificate-chain')).toMatch(/has no key usage/)
    const usageOnly = await makeCertificate({ name: 'usage', issuer: intermediate, keyUsage: DIGITAL_SIGNATURE })
    const purposeOnly = await makeCertificate({ name: 'purpose', issuer: intermediate, extendedKeyUsage: [CODE_SIGNING] })
    expect((await judge(usageOnly, [usageOnly, intermediate], [root])).ok).toBe(true)
    expect((await judge(purposeOnly, [purposeOnly, intermediate], [root])).ok).toBe(true)
  })

  it('whose CAs certify each other in a circle is refused, in finite time', async () => {
    const a = await makeRoot({ name: 'A' })
    const b = await makeRoot({ name: 'B' })
    const aByB = await makeIntermediate(b, { name: 'A', keys: a.keys })
    const bByA = await makeIntermediate(a, { name: 'B', keys: b.keys })
    const signer = await makeLeaf(a)
    const verdict = await judge(signer, [signer, aByB, bByA, aByB, bByA, aByB, bByA], [root])
    expect(checkOf(verdict, 'certificate-chain')).toMatch(/leads to none/)
  })

  it('of another signer with the same chain is refused by its signature', async () => {
    const other = await makeLeaf(intermediate, { name: 'somebody else' })
    const verdict = await judge(other, [leaf, intermediate], [root])
    expect(checkOf(verdict, 'certificate-chain')).toMatch(/^passed/)
    expect(checkOf(verdict, 'companion-signature')).toMatch(/^failed/)
    expect(verdict.ok).toBe(false)
  })

  it.each([
    ['cut short', (der: Uint8Array) => der.slice(0, 100)],
    ['with a flipped bit in its signature', (der: Uint8Array) => Uint8Array.from(der, (byte, index) => (index === der.length - 9 ? byte ^ 1 : byte))],
    ['that is noise', () => crypto.getRandomValues(new Uint8Array(600))],
  ])('with a leaf %s is refused', async (_, damage) => {
    const verdict = await judge(leaf, [{ ...leaf, der: damage(leaf.der) }, intermediate], [root])
    expect(verdict.ok).toBe(false)
    expect(checkOf(verdict, 'certificate-chain')).toMatch(/^failed/)
  })

  it('with eleven certificates is over the limit', async () => {
    const verdict = await judge(leaf, [leaf, ...Array.from({ length: 10 }, () => intermediate)], [root])
    expect(checkOf(verdict, 'bundle-format')).toMatch(/11 entries, want 1 to 10/)
  })

  it('is not for a verifier with public keys or a trust file', async () => {
    const verdict = await verifyModel({ ...request([leaf, intermediate], leaf), trust: { kind: 'public-key', keys: [] } })
    expect(checkOf(verdict, 'key-trusted')).toMatch(/^failed: no given public key made a signature: model.sig names a certificate/)
  })

  it('with a malformed root is the mistake of the verifier', async () => {
    const trust = { kind: 'trust-root', roots: [Uint8Array.of(1, 2, 3)] } as const
    await expect(verifyModel({ ...request([leaf, intermediate], leaf), trust })).rejects.toMatchObject({ code: 'CERTIFICATE_INVALID' })
  })
})

describe('a keyless bundle', () => {
  it('has a leaf whose signature is good, which alone proves nothing', () => {
    const bundle = parseBundle(readFileSync(join(OMS, 'model-transparency/v1.1.0-sigstore/model.sig')))
    if (bundle.material.kind !== 'keyless') throw new Error('not keyless')
    const key = parsePublicKey(new Uint8Array(new X509Certificate(bundle.material.certificate).publicKey.export({ format: 'der', type: 'spki' })))
    expect(verify(nativeEngine(), key, pae(bundle.payloadType, bundle.payload), bundle.signature)).toBe(true)
  })
})

async function judgeLeaf(options: Parameters<typeof makeLeaf>[1]): Promise<Verdict> {
  const special = await makeLeaf(intermediate, options)
  return judge(special, [special, intermediate], [root])
}

async function judgeIntermediate(options: Parameters<typeof makeIntermediate>[1]): Promise<Verdict> {
  const special = await makeIntermediate(root, options)
  const below = await makeLeaf(special)
  return judge(below, [below, special], [root])
}

function judge(signer: TestCertificate, chain: readonly TestCertificate[], roots: readonly TestCertificate[]): Promise<Verdict> {
  return verifyModel({ ...request(chain, signer), trust: { kind: 'trust-root', roots: roots.map(({ der }) => der) } })
}

function request(chain: readonly TestCertificate[], signer: TestCertificate) {
  const document = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { x509CertificateChain: { certificates: chain.map(({ der }) => ({ rawBytes: der.toBase64() })) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toBase64(),
      payloadType: STATEMENT_PAYLOAD_TYPE,
      signatures: [{ sig: signer.sign(pae(STATEMENT_PAYLOAD_TYPE, payload)).toBase64(), keyid: '' }],
    },
  }
  return { engine: nativeEngine(), bundle: Buffer.from(JSON.stringify(document)), require: 'classical', now: NOW } as const
}
