/** Entries as events of the Open Cybersecurity Schema Framework, version 1.8.0 (schema.ocsf.io): the class by what the entry is about. */
import { type JsonObject, toHex, utf8Text } from '#core'
import { type Leaf, type LeafKind, leafHash, type LogEntry } from '#tlog'

const OCSF_VERSION = '1.8.0'

/** What is in no attribute of its class stands in `raw_data`, the leaf as it was hashed. @param origin the log's name */
export function ocsfEvent({ index, leaf, bytes }: LogEntry, origin: string): JsonObject {
  const { classId, activity, name } = classify(leaf)
  return {
    class_uid: classId,
    category_uid: Math.floor(classId / 1000),
    type_uid: classId * 100 + activity,
    activity_id: activity,
    ...(activity === OTHER ? { activity_name: name } : {}),
    severity_id: severity(leaf),
    time: Date.parse(leaf.time),
    message: sentence(leaf),
    ...status(leaf),
    ...(leaf.count === undefined ? {} : { count: leaf.count }),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Sealstone', vendor_name: 'Sealstone' },
      uid: `${origin}/${index}`,
      sequence: Number(index),
      event_code: leaf.kind,
      correlation_uid: leaf.operationId,
      log_name: origin,
    },
    ...CLASS_MEMBERS[classId](leaf),
    raw_data: utf8Text(bytes),
    raw_data_size: bytes.length,
    unmapped: { index: Number(index), leaf_hash: toHex(leafHash(bytes)) },
  }
}

type ClassId = typeof AUTHENTICATION | typeof ENTITY_MANAGEMENT | typeof APPLICATION_LIFECYCLE | typeof API_ACTIVITY

interface Classified {
  readonly classId: ClassId
  /** Of the class: `activity_id`. */
  readonly activity: number
  /** For `Other`. */
  readonly name: string
}

function classify({ kind, operation }: Leaf): Classified {
  const fixed: Classified | undefined = Object.hasOwn(EVENT_KINDS, kind) ? EVENT_KINDS[kind] : undefined
  if (fixed !== undefined) return fixed
  const [group, verb = ''] = operation.split('.')
  if (group === 'keys') return { classId: ENTITY_MANAGEMENT, activity: KEY_ACTIVITIES.get(verb) ?? OTHER, name: operation }
  return { classId: API_ACTIVITY, activity: API_ACTIVITIES.get(operation) ?? OTHER, name: operation }
}

function status({ kind, result, errorCode, reason, decision }: Leaf): JsonObject {
  const detail = { ...(errorCode === undefined ? {} : { status_code: errorCode }), ...(reason === undefined ? {} : { status_detail: reason }) }
  if (kind === 'intent') return { status_id: OTHER, status: 'Requested', ...detail }
  if (kind === 'refused' || kind === 'login-refused' || result === 'error' || decision === 'blocked')
    return { status_id: 2, status: 'Failure', ...detail }
  if (result === 'ok' || decision !== undefined) return { status_id: 1, status: 'Success', ...detail }
  return { status_id: 0, status: 'Unknown', ...detail }
}

function severity({ kind, result, errorCode, decision }: Leaf): number {
  if (errorCode === 'SIGNATURE_MISMATCH' || kind === 'crash-found') return 4 // high
  if (kind === 'refused' || kind === 'login-refused' || kind === 'clock-step' || result === 'unknown' || decision === 'blocked') return 3 // medium
  if (result === 'error' || kind === 'config-changed' || kind === 'recovery' || decision === 'warned') return 2 // low
  return 1 // informational
}

function sentence({ kind, caller, operation, key, keyVersion, modelName, result, errorCode, decision }: Leaf): string {
  const of = modelName ?? key
  const by = key === undefined || of === key ? '' : ` with key ${key}${keyVersion === undefined ? '' : ` version ${keyVersion}`}`
  const end = errorCode ?? decision ?? result
  return `${kind}: ${caller} ${operation}${of === undefined ? '' : ` ${of}`}${by}${end === undefined ? '' : `, ${end}`}`
}

/** The attributes that each class asks for, and those of ours that it has. */
const CLASS_MEMBERS: Record<ClassId, (leaf: Leaf) => JsonObject> = {
  3002: (leaf) => ({ user: userOf(leaf), actor: { user: userOf(leaf) }, service: { name: 'sealstone' } }),
  3004: (leaf) => ({
    actor: { user: userOf(leaf) },
    entity: {
      name: leaf.key ?? 'keys',
      type_id: OTHER,
      type: 'Signing key',
      ...(leaf.keyVersion === undefined ? {} : { version: String(leaf.keyVersion) }),
    },
    ...(leaf.reason === undefined ? {} : { comment: leaf.reason }),
  }),
  // It has no actor: who it was is in `message` and `raw_data`.
  6002: () => ({ app: { name: 'Sealstone', vendor_name: 'Sealstone' } }),
  6003: (leaf) => ({
    actor: { user: userOf(leaf) },
    // Where from is not in the log; who is proven by a certificate, or by the owner of the socket.
    src_endpoint: { name: leaf.caller },
    api: {
      operation: leaf.operation,
      service: { name: 'sealstone' },
      request: { uid: leaf.operationId },
      ...(leaf.errorCode === undefined ? {} : { response: { error: leaf.errorCode } }),
    },
    ...resourcesOf(leaf),
  }),
}

function userOf({ caller }: Leaf): JsonObject {
  return { name: caller, uid: caller }
}

function resourcesOf({ kind, operation, modelName, modelDigest, key, keyVersion, signatures = [] }: Leaf): JsonObject {
  const type = kind === 'decision' && operation !== 'model.run' ? 'MCP server or tool' : 'AI model'
  const resources: JsonObject[] = [
    ...(modelName === undefined ? [] : [{ name: modelName, type, ...(modelDigest === undefined ? {} : { uid: modelDigest }) }]),
    ...(key === undefined ? [] : [{ name: key, type: 'Signing key', ...(keyVersion === undefined ? {} : { version: String(keyVersion) }) }]),
    ...signatures.map(({ role, suite, digest }) => ({ name: `${role} signature`, type: suite, uid: digest })),
  ]
  return resources.length === 0 ? {} : { resources }
}

const AUTHENTICATION = 3002
const ENTITY_MANAGEMENT = 3004
const APPLICATION_LIFECYCLE = 6002
const API_ACTIVITY = 6003
const OTHER = 99
const EVENT_KINDS: Partial<Record<LeafKind, Classified>> = {
  'log-start': { classId: APPLICATION_LIFECYCLE, activity: 1, name: 'Install' },
  'daemon-start': { classId: APPLICATION_LIFECYCLE, activity: 3, name: 'Start' },
  'daemon-stop': { classId: APPLICATION_LIFECYCLE, activity: 4, name: 'Stop' },
  'config-changed': { classId: APPLICATION_LIFECYCLE, activity: 8, name: 'Update' },
  recovery: { classId: APPLICATION_LIFECYCLE, activity: OTHER, name: 'Recovery' },
  'crash-found': { classId: APPLICATION_LIFECYCLE, activity: OTHER, name: 'Crash found' },
  'clock-step': { classId: APPLICATION_LIFECYCLE, activity: OTHER, name: 'Clock set' },
  'login-refused': { classId: AUTHENTICATION, activity: 1, name: 'Logon' },
  'key-created': { classId: ENTITY_MANAGEMENT, activity: 1, name: 'Create' },
  verify: { classId: API_ACTIVITY, activity: 2, name: 'Read' },
  'verify-summary': { classId: API_ACTIVITY, activity: 2, name: 'Read' },
  'log-export': { classId: API_ACTIVITY, activity: 2, name: 'Read' },
}
/** `activity_id` of API Activity. */
const API_ACTIVITIES: ReadonlyMap<string, number> = new Map([
  ['sign', 1],
  ['trust.issue', 1],
  ['verify', 2],
  ['audit.read', 2],
  ['console.open', 2],
  ['keys.read', 2],
])
/** `activity_id` of Entity Management. */
const KEY_ACTIVITIES: ReadonlyMap<string, number> = new Map([
  ['create', 1],
  ['read', 2],
  ['rotate', 3],
  ['policy', 3],
  ['rewrap', 3],
  ['restore', 3],
  ['destroy', 4],
  ['adopt', 6],
  ['import', 6],
  ['enable', 8],
  ['disable', 12],
  ['quarantine', 12],
  ['retire', 11],
])
