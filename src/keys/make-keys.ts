/** New keys and new versions: made in the token, taken over from it, or read from a file by the key host; then recorded. */
import { type Clock, defined, type KeyName, type KeyOrigin, SealstoneError, type Timeline } from '#core'
import { type GenerateRequest, type KeyHost, type KeyMaterial, type ObjectUri, parseObjectUri, type TokenInfo } from '#keyhost'
import { findSuite, type SuiteId } from '#suites'
import { describeVersion, type KeyPolicy, type KeyRecord } from './key-record.ts'
import type { KeyTable } from './key-table.ts'
import { unknownKey } from './unknown-key.ts'

export interface KeyParts {
  readonly table: KeyTable
  readonly keyHost: KeyHost
  readonly clock: Clock
  readonly timeline: Timeline
  /** Whom the private parts of new keys are encrypted to as well; none: they are lost with the token. */
  readonly recipients: readonly string[]
}

/** When a version may sign. */
export interface Validity {
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface CreateRequest extends Validity {
  readonly name: KeyName
  readonly suite: SuiteId
  readonly policy?: KeyPolicy
  /** The ML-DSA half is made in the token, which must have CKM_ML_DSA, and not sealed by it. */
  readonly mlDsaInToken?: boolean
  /** Without a way back if the token is lost, although there are recipients. */
  readonly notRecoverable?: boolean
}

export interface VersionRequest extends Validity {
  readonly name: KeyName
  readonly suite: SuiteId
  /** With a way back if the token is lost, although the version before has none. */
  readonly recoverable?: boolean
}

export interface AdoptRequest extends Validity {
  readonly name: KeyName
  /** RFC 7512: the private key in our token. */
  readonly uri: string
}

export interface ImportRequest extends Validity {
  readonly name: KeyName
  /** Absolute path of a PKCS#8 file that the key host may read. */
  readonly file: string
}

/** Throws KEY_EXISTS, SUITE_UNKNOWN, SUITE_UNSUPPORTED, INPUT_INVALID or TOKEN_*. */
export async function createKey(parts: KeyParts, request: CreateRequest): Promise<KeyRecord> {
  const suite = findSuite(request.suite)
  refuseKnownName(parts, request.name)
  checkValidity(parts, request)
  if (request.mlDsaInToken === true && suite.mlDsa === undefined) {
    throw new SealstoneError('INPUT_INVALID', `suite ${suite.id} has no ML-DSA half that could be in the token`, {
      hint: 'leave out --ml-dsa-in-token, or choose another suite',
    })
  }
  const recipients = request.notRecoverable === true ? [] : parts.recipients
  const { hybrid, companion } = await generateMaterials(
    parts,
    { name: request.name, version: 1, suite: suite.id },
    recipients,
    request.mlDsaInToken === true,
  )
  return orRemove(parts, [hybrid, companion], () => record(parts, { ...request, version: 1, origin: 'generated', hybrid, ...defined({ companion }) }))
}

/** The next version; nothing happens to the older ones. Throws KEY_UNKNOWN and what `createKey` throws. */
export async function createVersion(parts: KeyParts, { name, suite, recoverable, ...validity }: VersionRequest): Promise<KeyRecord> {
  const newest = parts.table.versions(name).at(-1)
  if (newest === undefined) throw unknownKey(parts.table, name)
  checkValidity(parts, validity)
  const version = newest.version + 1
  if (recoverable === true && parts.recipients.length === 0) {
    throw new SealstoneError('INPUT_INVALID', 'there are no recovery recipients', {
      hint: 'name them in config.toml: [recovery] recipients = ["age1…"]',
    })
  }
  const recipients = recoverable === true || newest.hybrid.protection.recoverable === true ? parts.recipients : []
  const of = { name, version, suite: findSuite(suite).id }
  const { hybrid, companion } = await generateMaterials(parts, of, recipients, newest.hybrid.mlDsaCkaId !== undefined)
  return orRemove(parts, [hybrid, companion], () =>
    record(parts, { name, ...validity, version, origin: 'generated', hybrid, ...defined({ companion }) }),
  )
}

/** Takes over a classical key that is in the token already; it stays where it is. Throws KEY_EXISTS, KEY_UNKNOWN, KEY_UNUSABLE or SUITE_UNSUPPORTED. */
export async function adoptKey(parts: KeyParts, request: AdoptRequest): Promise<KeyRecord> {
  refuseKnownName(parts, request.name)
  checkValidity(parts, request)
  const { id, label, ...token } = parseObjectUri(request.uri)
  refuseOtherToken(await parts.keyHost.tokenInfo(), token)
  const hybrid = await parts.keyHost.adoptKey({ keyId: request.name, version: 1, object: defined({ id, label }) })
  refuseKnownKey(parts, hybrid)
  return record(parts, { ...request, version: 1, origin: 'adopted', hybrid })
}

/** Throws KEY_EXISTS, KEY_INVALID, FILE_UNREADABLE or TOKEN_*. */
export async function importKey(parts: KeyParts, request: ImportRequest): Promise<KeyRecord> {
  refuseKnownName(parts, request.name)
  checkValidity(parts, request)
  const { recipients } = parts
  const hybrid = await parts.keyHost.importKey({ keyId: request.name, version: 1, file: request.file, recipients })
  refuseKnownKey(parts, hybrid)
  const companion = await generateCompanion(parts, { name: request.name, version: 1, suite: hybrid.suite }, recipients)
  return orRemove(parts, [companion], () => record(parts, { ...request, version: 1, origin: 'imported', hybrid, ...defined({ companion }) }))
}

interface VersionOf {
  readonly name: KeyName
  readonly version: number
  readonly suite: SuiteId
}

interface NewVersion extends Validity {
  readonly name: KeyName
  readonly version: number
  readonly origin: KeyOrigin
  readonly hybrid: KeyMaterial
  readonly companion?: KeyMaterial
  readonly policy?: KeyPolicy
}

function record(
  { table, clock, timeline }: KeyParts,
  { name, version, origin, notBefore, notAfter, hybrid, companion, policy }: NewVersion,
): KeyRecord {
  const now = clock.now()
  const isEarly = notBefore !== undefined && notBefore > now
  const made: KeyRecord = {
    name,
    version,
    state: isEarly ? 'pre-active' : 'active',
    times: isEarly ? {} : { active: timeline.now().toISOString() },
    createdAt: now,
    origin,
    hybrid,
    ...defined({ notBefore, notAfter, companion }),
  }
  table.insert(made, policy)
  return made
}

/**
 * Token first, record last and in one transaction: a crash in between leaves objects in the token that nothing names, never a record whose
 * key is missing. Those objects carry random ids and the label below; they are never used and can be removed by hand.
 */
async function generateMaterials(
  parts: KeyParts,
  of: VersionOf,
  recipients: readonly string[],
  mlDsaInToken: boolean,
): Promise<Pick<NewVersion, 'hybrid' | 'companion'>> {
  const request = { ...generateRequest(of.name, of.version, of.suite, 'signing'), recipients }
  const hybrid = await parts.keyHost.generateKey({ ...request, ...(mlDsaInToken ? { mlDsa: 'token' as const } : {}) })
  const companion = await orRemove(parts, [hybrid], () => generateCompanion(parts, of, recipients))
  return { hybrid, ...defined({ companion }) }
}

/** What was made in the token for a record that came to nothing is taken out again, as far as the token allows it now. */
async function orRemove<Result>(
  { keyHost }: KeyParts,
  made: readonly (KeyMaterial | undefined)[],
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await keyHost.destroyKeys(made.filter((key) => key !== undefined)).catch(() => {}) // what stays is named nowhere and signs nothing
    throw error
  }
}

async function generateCompanion(
  { keyHost }: KeyParts,
  { name, version, suite }: VersionOf,
  recipients: readonly string[],
): Promise<KeyMaterial | undefined> {
  const { companion } = findSuite(suite)
  if (companion === undefined) return undefined
  return keyHost.generateKey({ ...generateRequest(`${name}.companion`, version, companion, 'companion'), recipients })
}

export function generateRequest(keyId: string, version: number, suite: SuiteId, role: GenerateRequest['role']): GenerateRequest {
  return { keyId, version, suite, role, label: `sealstone ${keyId} v${version}` }
}

function refuseKnownName({ table }: KeyParts, name: KeyName): void {
  if (table.versions(name).length > 0) throw new SealstoneError('KEY_EXISTS', `there is a key named ${name} already`)
}

/** Before anything is made in the token. */
function checkValidity({ clock }: KeyParts, { notBefore, notAfter }: Validity): void {
  if (notAfter !== undefined && notAfter <= (notBefore ?? clock.now()))
    throw new SealstoneError('INPUT_INVALID', 'not-after is not after the beginning', { hint: 'name a later end, or none' })
}

function refuseOtherToken(info: TokenInfo, wanted: Omit<ObjectUri, 'id' | 'label'>): void {
  const facts = [
    ['token', wanted.token, info.label],
    ['serial', wanted.serial, info.serial],
    ['model', wanted.model, info.model],
    ['manufacturer', wanted.manufacturer, info.manufacturer],
  ] as const
  const other = facts.find(([, want, is]) => want !== undefined && want !== is)
  if (other !== undefined)
    throw new SealstoneError('TOKEN_URI_INVALID', `the URI wants a token with ${other[0]} ${other[1]}, the daemon's has ${other[2]}`, {
      hint: `leave ${other[0]} out, or ask the daemon that has that token`,
    })
}

/** One key under two names would make it a matter of order who signed. */
function refuseKnownKey({ table }: KeyParts, { spki }: KeyMaterial): void {
  const known = table.all().find(({ hybrid, companion }) => [hybrid, companion].some((key) => key !== undefined && sameBytes(key.spki, spki)))
  if (known !== undefined) throw new SealstoneError('KEY_EXISTS', `this is ${describeVersion(known)} already`)
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}
