/** Binds every operation to the rooms it works with. */
import { authorizeForSomeKey } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { Operations } from './ports.ts'
import { getCheckpoint, getReceipt, listEntries } from './read-audit.ts'
import { getKey, getTrust, listKeys } from './read-keys.ts'
import { type RunningSignings, signModel } from './sign-model.ts'
import { verifyModel } from './verify-model.ts'

export function createOperations(context: OperationContext): Operations {
  const running: RunningSignings = new Map()
  return {
    admit: (call, operation) => authorizeForSomeKey(context, call, operation),
    sign: (call, request) => signModel(context, running, call, request),
    verify: (call, request) => verifyModel(context, call, request),
    listKeys: (call) => listKeys(context, call),
    getKey: (call, name) => getKey(context, call, name),
    getTrust: (call) => getTrust(context, call),
    getCheckpoint: (call) => getCheckpoint(context, call),
    listEntries: (call, filter) => listEntries(context, call, filter),
    getReceipt: (call, index) => getReceipt(context, call, index),
  }
}
