/** Whose signatures the page believes: the log keys of the first trust file it saw, or of the one a reviewer brought; never others in silence. */
import { sha256 } from '@noble/hashes/sha2.js'
import { defined, SealstoneError, toHex, toSealstoneError, utf8 } from '#core'
import { keyFingerprint, parseTrustFile, type TrustFile } from '#envelopes/trust'
import type { Engine } from '#suites'
import { parseVerifierKey } from '#tlog'
import type { Demand, KeyRow, PinnedKeys, TrustJudgement } from './judgement.ts'
import type { Memory } from './memory.ts'

/** Throws KEY_MISMATCH-like TRUST_INVALID where the file is bad, and `ChangedKeys` where its log keys are not the remembered ones. */
export async function judgeTrust(bytes: Uint8Array, engine: Engine, memory: Memory): Promise<TrustJudgement> {
  const trust = parseTrustFile(bytes, engine)
  const known = await memory.read<PinnedKeys>(PINNED)
  if (known !== undefined && known.fingerprint !== fingerprintOf(trust)) throw new ChangedKeys(known, trust)
  const lastSerial = (await memory.read<number>(serialName(trust))) ?? 0
  if (trust.serial < lastSerial) {
    throw new SealstoneError('TRUST_INVALID', `the server shows trust file number ${trust.serial}; this browser has seen number ${lastSerial}`)
  }
  await memory.write(serialName(trust), trust.serial)
  const pinned = known ?? (await pin(trust, 'daemon', memory))
  const before = pinned.demand === undefined ? await easedDemand(trust, memory) : undefined
  return { ...judgement(trust, pinned, known === undefined), ...defined({ before }) }
}

/** What was demanded, where now less is, or cosignatures by others: the log keys alone could sign that, so nobody but a person lets it pass. */
async function easedDemand(trust: TrustFile, memory: Memory): Promise<Demand | undefined> {
  const before = await memory.read<Demand>(demandName(trust))
  const now = demandOf(trust)
  if (before !== undefined && (now === undefined || now.quorum < before.quorum || hasStranger(now, before))) return before
  if (now !== undefined) await memory.write(demandName(trust), now)
  return undefined
}

function hasStranger(now: Demand, before: Demand): boolean {
  const known = new Set(before.witnesses.map(nameOf))
  return now.witnesses.some((keys) => !known.has(nameOf(keys)))
}

function nameOf(keys: readonly string[]): string {
  return keys.toSorted().join('\n')
}

/** A reviewer's own trust file: from now on its log keys and no others. Throws TRUST_INVALID. */
export async function pinTrustFile(bytes: Uint8Array, engine: Engine, memory: Memory): Promise<PinnedKeys> {
  return pin(parseTrustFile(bytes, engine), 'file', memory)
}

/** Believes the keys that the server shows now, because a person said so. */
export async function pinServerKeys(bytes: Uint8Array, engine: Engine, memory: Memory): Promise<PinnedKeys> {
  return pin(parseTrustFile(bytes, engine), 'daemon', memory)
}

export class ChangedKeys extends Error {
  constructor(known: PinnedKeys, trust: TrustFile) {
    super(
      `the server shows log keys ${fingerprintOf(trust).slice(0, 16)}… of ${trust.log.origin}; ` +
        `this browser believes ${known.fingerprint.slice(0, 16)}… of ${known.origin}, since ${known.pinnedAt.slice(0, 10)}`,
    )
  }
}

export function describeTrustFault(thrown: unknown): string {
  return thrown instanceof ChangedKeys ? thrown.message : toSealstoneError(thrown).message
}

async function pin(trust: TrustFile, from: PinnedKeys['from'], memory: Memory): Promise<PinnedKeys> {
  const { origin, keys } = trust.log
  const demand = from === 'file' ? demandOf(trust) : undefined
  const pinned: PinnedKeys = { origin, keys, fingerprint: fingerprintOf(trust), pinnedAt: new Date().toISOString(), from, ...defined({ demand }) }
  await memory.write(PINNED, pinned)
  await memory.write(demandName(trust), demandOf(trust))
  return pinned
}

function judgement(trust: TrustFile, pinned: PinnedKeys, isNew: boolean): TrustJudgement {
  const { serial, issuedAt, expiresAt } = trust
  return {
    pinned,
    isNew,
    serial,
    issuedAt,
    expiresAt,
    keys: trust.keys.map(keyRow),
    // A reviewer's own file says which witnesses there must be; else the one that the daemon shows, which both log keys signed.
    ...defined({ demand: pinned.demand ?? demandOf(trust) }),
    logKeys: trust.log.keys
      .map(parseVerifierKey)
      .map(({ type, keyId, publicKey }) => ({ type, id: toHex(keyId), fingerprint: toHex(sha256(publicKey)) })),
  }
}

function demandOf({ log: { witnesses = [], quorum = 0 } }: TrustFile): Demand | undefined {
  return quorum === 0 ? undefined : { quorum, witnesses: witnesses.map(({ keys }) => keys) }
}

function keyRow(key: TrustFile['keys'][number]): KeyRow {
  const { name, version, suite, state, companion, origin, notBefore, notAfter, reason, times } = key
  return {
    name,
    version,
    suite,
    state,
    fingerprint: keyFingerprint(key),
    ...(companion === undefined ? {} : { companionSuite: companion.suite }),
    ...(origin === undefined ? {} : { origin }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(reason === undefined ? {} : { reason }),
    times: { ...times },
  }
}

/** Over the log's name and both keys, whatever their order in the file. */
function fingerprintOf({ log }: TrustFile): string {
  return toHex(sha256(utf8(`${log.origin}\n${[...log.keys].sort().join('\n')}\n`)))
}

function serialName(trust: TrustFile): string {
  return `serial ${fingerprintOf(trust)}`
}

function demandName(trust: TrustFile): string {
  return `demand ${fingerprintOf(trust)}`
}

const PINNED = 'log keys'
