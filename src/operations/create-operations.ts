/** Binds every operation to the rooms it works with. */
import { toSealstoneError } from '#core'
import type { KeyRecord } from '#keys'
import { archiveEntries } from './archive-entries.ts'
import { authorizeForSomeKey } from './authorize.ts'
import { backupKeys } from './backup-keys.ts'
import { Canary } from './canary.ts'
import { Decisions } from './decisions.ts'
import { certifyKey } from './certify-key.ts'
import { cancelDestroyKey, changeKey, destroyKey, setKeyPolicy } from './change-keys.ts'
import type { OperationContext } from './context.ts'
import { maintainKeys } from './maintain-keys.ts'
import { adoptKey, createKey, importKey, rotateKey } from './make-keys.ts'
import type { KeyView, Operations } from './ports.ts'
import { openConsole } from './open-console.ts'
import { getCheckpoint, getReceipt, listEntries } from './read-audit.ts'
import { getKey, getTrust, listKeys, viewKey } from './read-keys.ts'
import { signBatch } from './sign-batch.ts'
import { signRegistryChallenge } from './sign-registry-challenge.ts'
import { restoreKeys } from './restore-keys.ts'
import { rewrapKeys } from './rewrap-keys.ts'
import { Destructions } from './destructions.ts'
import { type RunningSignings, signModel } from './sign-model.ts'
import { TrustIssuer } from './trust.ts'
import { Verifications } from './verifications.ts'
import { verifyModel } from './verify-model.ts'

export function createOperations(context: OperationContext): Operations {
  const running: RunningSignings = new Map()
  const trust = new TrustIssuer(context)
  const canary = new Canary(context)
  const verifications = new Verifications(context)
  const decisions = new Decisions(context)
  const destructions = new Destructions(context.clock, context.logger)
  /** The change stands whether or not the trust file could be issued; `maintain` tries that again. */
  const renewTrust = async (): Promise<void> => {
    await trust.current().catch((error: unknown) => {
      context.logger.error({ error: toSealstoneError(error).message }, 'the trust file could not be issued')
    })
  }
  /** Changes of keys and refusals wait for no signature to be seen by monitors; a log without any news shows that it lives. */
  const coverLog = async (): Promise<void> => {
    await context.audit.keepCovered(CHECKPOINT_AGE_MS).catch((error: unknown) => {
      context.logger.error({ error: toSealstoneError(error).message }, 'the newest entries have no checkpoint yet; it is tried again')
    })
  }
  const changed = async (work: Promise<KeyRecord>): Promise<KeyView> => {
    const record = await work
    await renewTrust()
    return viewKey(context, context.keys.get(record.name, record.version))
  }
  return {
    admit: (call, operation) => authorizeForSomeKey(context, call, operation),
    sign: (call, request) => signModel(context, running, call, request),
    signBatch: (call, requests) => signBatch(context, running, call, requests),
    signRegistryChallenge: (call, request) => signRegistryChallenge(context, call, request),
    verify: (call, request) => verifyModel(context, verifications, call, request),
    listKeys: (call) => listKeys(context, call),
    getKey: (call, name, version) => getKey(context, call, name, version),
    createKey: (call, request) => changed(createKey(context, call, request)),
    rotateKey: (call, request) => changed(rotateKey(context, call, request)),
    adoptKey: (call, request) => changed(adoptKey(context, call, request)),
    importKey: (call, request) => changed(importKey(context, call, request)),
    changeKey: (call, request) => changed(changeKey(context, call, request)),
    destroyKey: async (call, request) => {
      const view = await changed(destroyKey(context, call, request))
      destructions.isDue(view.record) // its waiting time runs from here
      return view
    },
    cancelDestroyKey: (call, request) => changed(cancelDestroyKey(context, call, request)),
    certifyKey: (call, request) => certifyKey(context, call, request),
    backupKeys: (call) => backupKeys(context, call),
    restoreKeys: async (call, request) => {
      const report = await restoreKeys(context, call, request)
      await renewTrust()
      return report
    },
    rewrapKeys: (call, destroyOld) => rewrapKeys(context, call, destroyOld),
    setKeyPolicy: (call, name, changes) => changed(setKeyPolicy(context, call, name, changes)),
    tellCounted: async () => {
      await verifications.flush()
      await decisions.flush()
    },
    signingsUnderWay: () => context.capacity.running,
    canaryAgeSeconds: () => canary.ageSeconds,
    prepare: async () => {
      await canary.testAll(START_TEST_MS)
      await maintainKeys(context, destructions)
      await renewTrust()
    },
    testNextKey: () => canary.testNext(),
    maintain: async () => {
      await maintainKeys(context, destructions)
      await renewTrust()
      await coverLog()
    },
    getTrust: (call) => getTrust(context, trust, call),
    getCheckpoint: (call) => getCheckpoint(context, call),
    listEntries: (call, filter, options) => listEntries(context, call, filter, options),
    getReceipt: (call, index) => getReceipt(context, call, index),
    recordDecision: (call, request) => decisions.record(call, request),
    archiveEntries: (call, wanted) => archiveEntries(context, call, wanted),
    openConsole: (call) => openConsole(context, call),
  }
}

/** A start takes no longer for this than people wait for one. */
const START_TEST_MS = 1000
/** Well below the day after which a monitor asks why the log is silent. */
const CHECKPOINT_AGE_MS = 6 * 3_600_000
