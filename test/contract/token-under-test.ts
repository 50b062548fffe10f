/** What a token brings to the contract, and what every part of the contract needs: key hosts, signatures judged, somebody else at the token. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { HalfProtection } from '#core'
import type { KeyHost, KeyMaterial, TokenLocation } from '#keyhost'
import { parsePublicKey, type SuiteId, verify } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'
import { PROJECT } from '../support/sealstone.ts'

export interface TokenUnderTest {
  /** For `startKeyHost`. */
  readonly location: TokenLocation
  readonly capabilities: TokenCapabilities
  /** How many wrong PINs the token has counted, told by the token; one that has a flag for it says 0 or 1, one that tells nothing undefined. */
  wrongPins(): Promise<number | undefined>
  /** What clients hold in the token beside their keys, such as TPM sessions; 0 where it cannot be asked. */
  heldByClients(): Promise<number>
  stop(): Promise<void>
}

export interface TokenCapabilities {
  /** Every suite that it signs with; any other is refused. */
  readonly suites: readonly SuiteId[]
  /** What it says of an ML-DSA half; also where that is: sealed or in the token. */
  readonly mlDsa: Omit<HalfProtection, 'role'>
  /** Whether it takes a private key that was made outside of it. */
  readonly takesKeys: boolean
  /** What it says of a classical half. */
  readonly classical: Omit<HalfProtection, 'role'>
  /** The same of an Ed25519 half where that is another: a token without Ed25519 seals it like an ML-DSA seed. */
  readonly ed25519?: Omit<HalfProtection, 'role'>
  /** Whether an open key host sees what others make and remove; if not, the next one does. */
  readonly seesOthers: boolean
  /** It answers a handle that is no more with an error that costs the process; default is that it says what is wrong. */
  readonly staleHandleCostsProcess?: true
}

/** What a part of the contract works with; `token()` is there in its tests, not before. */
export interface Contract {
  token(): TokenUnderTest
  /** Made once by the first key host, in the order of the suites that the token signs with. */
  keys(): readonly KeyMaterial[]
}

export const SUITE: SuiteId = 'mldsa65-ecdsa-p256'

/** The key of `SUITE`: every token of the contract signs with it. */
export function mainKey(contract: Contract): KeyMaterial {
  return keyOf(contract, SUITE)
}

export function keyOf(contract: Contract, suite: SuiteId): KeyMaterial {
  const key = contract.keys().find((one) => one.suite === suite)
  if (key === undefined) throw new Error(`no key of ${suite}`)
  return key
}

export function makeKey(keyHost: KeyHost, suite: SuiteId, keyId: string = suite): Promise<KeyMaterial> {
  return keyHost.generateKey({ keyId, version: 1, suite, label: `contract ${keyId}`, role: 'signing' })
}

export function ckaIdOf({ ckaId }: KeyMaterial): string {
  if (ckaId === undefined) throw new Error('no key pair in the token')
  return ckaId
}

const NATIVE = nativeEngine()
const PORTABLE = portableEngine()

/** The verdict of both engines. The portable one has no RSA; there node:crypto is the only judge, and not the signer: the token signed. */
export function verifies({ suite, spki }: KeyMaterial, message: Uint8Array, signature: Uint8Array | undefined): boolean {
  if (signature === undefined) return false
  const engines = suite.includes('rsa') ? [NATIVE] : [NATIVE, PORTABLE]
  return engines.every((engine) => verify(engine, parsePublicKey(spki), message, signature))
}

export interface Outsider {
  /** Objects that somebody who is logged in finds. */
  readonly objects: number
}

/** Another process at the token, past all of our code: looks, and with `destroy` removes private keys with that id. */
export async function outsider({ location }: Pick<TokenUnderTest, 'location'>, destroy?: string): Promise<Outsider> {
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '-e', OUTSIDER], { cwd: PROJECT })
  running.child.stdin?.end(JSON.stringify({ location, destroy }))
  return JSON.parse((await running).stdout) as Outsider
}

const OUTSIDER = `
  import { text } from 'node:stream/consumers'
  import pkcs11js from 'pkcs11js'
  import { Intruder } from './test/support/intruder.ts'
  const { location, destroy } = JSON.parse(await text(process.stdin))
  const intruder = new Intruder({ location })
  intruder.login()
  if (destroy !== undefined) intruder.destroy(pkcs11js.CKO_PRIVATE_KEY, destroy)
  process.stdout.write(JSON.stringify({ objects: intruder.count() }))
`

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
