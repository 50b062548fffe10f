/** Second step of the verdict: from what the verifier trusts to the keys that must have signed. A key inside a bundle is never believed. */
import { equalBytes, excerpt, toSealstoneError, utf8Text } from '#core'
import { parsePublicKey, parsePublicKeyPem, type PublicKey } from '#suites'
import type { HybridBundle } from './hybrid-bundle.ts'
import type { VerificationMaterial } from './oms-bundle.ts'
import type { Documents } from './read-documents.ts'
import { keyHint } from './sha256.ts'
import { keyFingerprint } from './trust/key-fingerprint.ts'
import type { TrustedKey, TrustedPolicy, TrustFile } from './trust/trust-file.ts'
import { parseTrustedLog, type TrustedLog } from './trusted-log.ts'
import type { VerdictBuilder } from './verdict.ts'
import type { VerifyModelRequest } from './verify-request.ts'

export interface ChosenKeys {
  /** Must have made `model.sig`; absent if there is none, or if nobody trusted is said to have made it. */
  readonly model?: PublicKey
  /** Must have made the signature in `model.hybrid.sig`. */
  readonly hybrid?: PublicKey
  /** The entry of the trust file. */
  readonly trusted?: TrustedKey
  /** What the trust file says of all its versions. */
  readonly policy?: TrustedPolicy
  readonly certificateSubject?: string
  /** Absent where nothing says which log to believe. */
  readonly log?: Omit<TrustedLog, 'verifier'>
}

/** Undefined if no trusted key is concerned: the reason is in the verdict. */
export async function chooseKeys(request: VerifyModelRequest, documents: Documents, verdict: VerdictBuilder): Promise<ChosenKeys | undefined> {
  if (documents.bundle?.material.kind === 'keyless') {
    verdict.fail('key-trusted', 'cannot verify: keyless bundle (needs a Sigstore trust root)')
    return undefined
  }
  const { trust } = request
  switch (trust.kind) {
    case 'trust-root':
      return chooseByRoots(trust.roots, documents, verdict, request.now)
    case 'public-key':
      verdict.skip('certificate-chain', 'a public key is trusted directly')
      return chooseByPublicKeys(trust.keys, documents, verdict)
    case 'trust-file':
      verdict.skip('certificate-chain', 'the trust file names the key directly')
      return chooseByTrustFile(trust.trust, documents, verdict)
  }
}

function chooseByTrustFile({ keys, policies, log }: TrustFile, { bundle, hybrid }: Documents, verdict: VerdictBuilder): ChosenKeys | undefined {
  const fail = (reason: string): undefined => {
    verdict.fail('key-trusted', reason)
  }
  const named = hybrid && keys.find((key) => key.name === hybrid.keyName && key.version === hybrid.keyVersion)
  if (hybrid !== undefined) {
    if (named === undefined) return fail(`key ${hybrid.keyName} version ${hybrid.keyVersion} of model.hybrid.sig is not in the trust file`)
    const fault = identityFault(hybrid, named)
    if (fault !== undefined) return fail(fault)
  }
  const signers = keys.flatMap((entry) => [entry, ...(entry.companion === undefined ? [] : [entry.companion])].map((key) => ({ entry, key })))
  const found = bundle && signers.find(({ key }) => isNamed(bundle.material, key))
  if (bundle !== undefined) {
    if (bundle.material.kind === 'certificates') return fail('model.sig brings a certificate; the trust file has none')
    if (found === undefined) return fail(`no key of the trust file is the one that model.sig names: ${materialName(bundle.material)}`)
    if (named !== undefined && found.entry !== named) {
      return fail(
        `model.sig is by key ${found.entry.name} version ${found.entry.version}, model.hybrid.sig by ${named.name} version ${named.version}`,
      )
    }
  }
  const trusted = named ?? found?.entry
  if (trusted === undefined) return fail('there is no signature')
  verdict.pass('key-trusted', `key ${trusted.name} version ${trusted.version} (${trusted.suite}) is in the trust file`)
  const policy = policies.find(({ name }) => name === trusted.name)
  return {
    trusted,
    ...(policy === undefined ? {} : { policy }),
    ...(found === undefined ? {} : { model: parsePublicKey(found.key.spki) }),
    ...(named === undefined ? {} : { hybrid: parsePublicKey(named.spki) }),
    log: parseTrustedLog(log),
  }
}

function chooseByPublicKeys(keys: readonly PublicKey[], { bundle, hybrid }: Documents, verdict: VerdictBuilder): ChosenKeys | undefined {
  const model = bundle && keys.find((key) => isNamed(bundle.material, key) || (hasFreeHint(bundle.material) && keys.length === 1))
  const main =
    hybrid && keys.find((key) => keyFingerprint(key) === hybrid.fingerprint && identityFault(hybrid, { ...key, suite: key.suite.id }) === undefined)
  if (model === undefined && main === undefined) {
    const names = [bundle && `model.sig names ${materialName(bundle.material)}`, hybrid && `model.hybrid.sig names ${hybrid.fingerprint}`].filter(
      Boolean,
    )
    verdict.fail('key-trusted', `no given public key made a signature: ${names.join(', ')}; given: ${keys.map((key) => keyHint(key)).join(', ')}`)
    return undefined
  }
  const key = main ?? model
  verdict.pass('key-trusted', `public key ${key && keyFingerprint(key)} (${key?.suite.id}) was given`)
  return { ...(model === undefined ? {} : { model }), ...(main === undefined ? {} : { hybrid: main }) }
}

async function chooseByRoots(
  roots: readonly Uint8Array[],
  { bundle }: Documents,
  verdict: VerdictBuilder,
  now: Date,
): Promise<ChosenKeys | undefined> {
  if (bundle?.material.kind !== 'certificates') {
    verdict.fail(
      'key-trusted',
      `${bundle === undefined ? 'there is no model.sig' : 'model.sig brings no certificate'}; a trust root speaks for certificates only`,
    )
    return undefined
  }
  const { parseRoots, validateChain } = await import('#certificates') // pkijs takes 50 ms to load
  const trusted = parseRoots(roots)
  try {
    const { key, subject, root } = await validateChain(bundle.material.certificates, trusted, now)
    verdict.pass('key-trusted', `certificate ${subject}`)
    verdict.pass('certificate-chain', `${subject} leads to the trusted root ${root}`)
    return { model: key, certificateSubject: subject }
  } catch (thrown) {
    verdict.fail('certificate-chain', toSealstoneError(thrown).message)
    return undefined
  }
}

function identityFault(
  { keyName, keyVersion, suite, fingerprint, bundle }: HybridBundle,
  key: { readonly suite: string; readonly spki: Uint8Array },
): string | undefined {
  const what = `key ${keyName} version ${keyVersion}`
  if (suite.id !== key.suite) return `${what} has suite ${key.suite}, model.hybrid.sig says ${suite.id}`
  const known = keyFingerprint(key)
  if (fingerprint !== known) return `${what} has fingerprint ${known}, model.hybrid.sig says ${fingerprint}`
  if (bundle.material.hint !== keyHint(key)) return `model.hybrid.sig names its key in two ways that disagree`
  return undefined
}

function isNamed(material: VerificationMaterial, key: { readonly spki: Uint8Array }): boolean {
  switch (material.kind) {
    case 'hint':
      return material.hint === keyHint(key) || material.hint === keyFingerprint(key)
    case 'public-key':
      return isSameKey(material.rawBytes, key)
    case 'certificates':
    case 'keyless':
      return false
  }
}

function isSameKey(rawBytes: Uint8Array, key: { readonly spki: Uint8Array }): boolean {
  if (equalBytes(rawBytes, key.spki)) return true
  try {
    return equalBytes(parsePublicKeyPem(utf8Text(rawBytes)).spki, key.spki)
  } catch {
    return false
  }
}

/** A hint that is no digest is another tool's own name for the key: it excludes no key. */
function hasFreeHint(material: VerificationMaterial): boolean {
  return material.kind === 'hint' && !/^[0-9a-fA-F]{64}$/.test(material.hint)
}

function materialName(material: VerificationMaterial): string {
  switch (material.kind) {
    case 'hint':
      return /^[0-9a-f]{64}$/.test(material.hint) ? material.hint : excerpt(material.hint)
    case 'public-key':
      return 'a public key of its own'
    case 'certificates':
    case 'keyless':
      return 'a certificate'
  }
}
