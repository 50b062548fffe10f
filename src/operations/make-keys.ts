/** New keys and new versions, by whichever way: made in the token, taken over from it, or read from a file. */
import { defined, type KeyName, SealstoneError } from '#core'
import { describeVersion, type KeyPolicy, type KeyRecord } from '#keys'
import { DEFAULT_SUITE, findSuite } from '#suites'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext } from './ports.ts'
import { type KeyEvent, recorded } from './recorded.ts'

export interface Validity {
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface CreateKeyRequest extends Validity {
  readonly name: KeyName
  /** Default is DEFAULT_SUITE. */
  readonly suite?: string
  readonly policy?: KeyPolicy
  /** The ML-DSA half is made in the token. */
  readonly mlDsaInToken?: boolean
  /** Without a way back if the token is lost, although there are recovery recipients. */
  readonly notRecoverable?: boolean
}

export interface RotateKeyRequest extends Validity {
  readonly name: KeyName
  /** Default is that of the newest version. */
  readonly suite?: string
  /** The newest version as the caller knows it: a repeated request does not rotate twice. */
  readonly fromVersion?: number
  /** The version before goes on signing where it is asked for by its number. */
  readonly keepPrevious: boolean
  /** With a way back if the token is lost, although the version before has none. */
  readonly recoverable?: boolean
}

export interface AdoptKeyRequest extends Validity {
  readonly name: KeyName
  /** RFC 7512: the private key in the daemon's token. */
  readonly uri: string
}

export interface ImportKeyRequest extends Validity {
  readonly name: KeyName
  /** Name of a file in the folder `import` of the state directory. */
  readonly file: string
}

export async function createKey(context: OperationContext, call: CallContext, request: CreateKeyRequest): Promise<KeyRecord> {
  const { name } = request
  const suite = findSuite(request.suite ?? DEFAULT_SUITE).id
  const { decision } = await authorize(context, call, 'keys.create', name)
  const event = { caller: call.identity, operation: 'keys.create', key: name, keyVersion: 1, suite, decision }
  return recorded(context, event, () => context.keys.create({ ...request, suite }))
}

export async function adoptKey(context: OperationContext, call: CallContext, request: AdoptKeyRequest): Promise<KeyRecord> {
  const { name } = request
  const { decision } = await authorize(context, call, 'keys.adopt', name)
  return recorded(context, { caller: call.identity, operation: 'keys.adopt', key: name, keyVersion: 1, decision }, () => context.keys.adopt(request))
}

export async function importKey(context: OperationContext, call: CallContext, request: ImportKeyRequest): Promise<KeyRecord> {
  const { name } = request
  const { decision } = await authorize(context, call, 'keys.import', name)
  const event = { caller: call.identity, operation: 'keys.import', key: name, keyVersion: 1, decision }
  return recorded(context, event, () => context.keys.import({ ...request, file: context.importPath(request.file) }))
}

export async function rotateKey(context: OperationContext, call: CallContext, request: RotateKeyRequest): Promise<KeyRecord> {
  const { decision } = await authorize(context, call, 'keys.rotate', request.name)
  return rotate(context, { caller: call.identity, decision }, request)
}

/** The new version signs before the old one is retired, so that there is no moment without a key. */
export async function rotate(
  context: OperationContext,
  by: Pick<KeyEvent, 'caller' | 'decision' | 'reason'>,
  { name, suite, fromVersion, keepPrevious, notBefore, notAfter, recoverable }: RotateKeyRequest,
): Promise<KeyRecord> {
  const { keys } = context
  const previous = keys.get(name)
  if (fromVersion !== undefined && fromVersion !== previous.version) {
    throw new SealstoneError(
      'KEY_STATE_REFUSED',
      `the newest version of key ${name} is ${previous.version}, not ${fromVersion}: it was rotated already`,
    )
  }
  const request = { name, suite: suite === undefined ? previous.hybrid.suite : findSuite(suite).id, ...defined({ notBefore, notAfter, recoverable }) }
  const event = { ...by, operation: 'keys.rotate', key: name, keyVersion: previous.version + 1, suite: request.suite }
  const made = await recorded(context, event, () => keys.createVersion(request))
  // One that begins later leaves its predecessor in use until then; `maintain` retires it at its time.
  if (!keepPrevious && made.state === 'active' && previous.state === 'active') await retirePrevious(context, by, previous, made)
  return made
}

export async function retirePrevious(
  context: OperationContext,
  by: Pick<KeyEvent, 'caller' | 'decision'>,
  previous: KeyRecord,
  next: KeyRecord,
): Promise<KeyRecord> {
  const reason = `followed by ${describeVersion(next)}`
  const event = { ...by, operation: 'keys.retire', key: previous.name, keyVersion: previous.version, suite: previous.hybrid.suite, reason }
  return recorded(context, event, () => context.keys.change(previous, { action: 'retire', reason }))
}
