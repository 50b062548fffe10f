/** A backup of keys and log, with intent and outcome in the log. Signing goes on meanwhile. */
import { newOperationId, toSealstoneError } from '#core'
import { authorize } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { BackupReport, CallContext } from './ports.ts'

/** It holds every key, so the right is asked without a key's name. The intent is in the backup; its outcome comes after. */
export async function backupKeys(context: OperationContext, call: CallContext): Promise<BackupReport> {
  const { decision } = await authorize(context, call, 'keys.backup')
  const facts = { operationId: newOperationId(), caller: call.identity, operation: 'keys.backup' }
  await context.audit.append({ kind: 'intent', ...facts, ...decision })
  let report: BackupReport
  try {
    // A crash in here leaves an unfinished folder, which the next backup does not mind.
    report = await context.backup()
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    await context.audit.append({ kind: 'outcome', ...facts, result: 'error', errorCode: error.code })
    throw error
  }
  const reason = `${report.recoverable.length} key versions can be recovered into another token, ${report.notRecoverable.length} cannot`
  await context.audit.append({ kind: 'outcome', ...facts, result: 'ok', reason })
  return report
}
