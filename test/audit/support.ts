/** A log in a folder, with software keys: opened, used, closed and opened again by the tests of this room. */
import { join } from 'node:path'
import { AUDIT_MIGRATIONS, type AuditLog, type CheckpointSigner, openAuditLog } from '#audit'
import { type Clock, type Identity, newOperationId, parseIdentity, silentLogger, systemClock, Timeline } from '#core'
import { type Database, openDatabase } from '#db'
import { type NewLeaf, parseTlogProof, type Receipt, verifyTlogProof } from '#tlog'
import { nobleVerifier, type SoftwareLog } from '../support/software-log.ts'

const CALLER: Identity = parseIdentity('spiffe://example.org/registry')

export interface OpenLog extends AsyncDisposable {
  readonly db: Database
  readonly audit: AuditLog
}

export interface OpenLogOptions {
  readonly signer?: CheckpointSigner
  readonly clock?: Clock
  readonly origin?: string
  readonly cold?: string
  readonly cosigned?: (index: bigint) => string | undefined
}

export async function openLog(folder: string, log: SoftwareLog, options: OpenLogOptions = {}): Promise<OpenLog> {
  const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  try {
    const audit = await openAuditLog({
      db,
      origin: options.origin ?? log.origin,
      signer: options.signer ?? log.signer,
      verifier: nobleVerifier,
      timeline: new Timeline(options.clock ?? systemClock),
      logger: silentLogger,
      ...(options.cold === undefined ? {} : { cold: options.cold }),
      ...(options.cosigned === undefined ? {} : { cosigned: options.cosigned }),
    })
    return {
      db,
      audit,
      async [Symbol.asyncDispose]() {
        await audit.close()
        db.close()
      },
    }
  } catch (error) {
    db.close()
    throw error
  }
}

export function intent(members: Partial<NewLeaf> = {}): NewLeaf {
  return { kind: 'intent', operationId: newOperationId(), caller: CALLER, operation: 'sign', key: 'default', modelName: 'bert', ...members }
}

export function outcome(members: Partial<NewLeaf> = {}): NewLeaf {
  return { ...intent(), kind: 'outcome', result: 'ok', ...members }
}

/** Checks a receipt as a stranger would: with the log's public keys and nothing else. Returns index and covering tree size. */
export function checkReceipt(receipt: Receipt, log: SoftwareLog): { index: bigint; size: bigint } {
  const proof = parseTlogProof(receipt.proof)
  return { index: proof.index, size: verifyTlogProof(proof, receipt.leaf, log.keys, nobleVerifier).size }
}

/** Counts checkpoints and, where told to, fails. */
export function watchSigner(log: SoftwareLog): CheckpointSigner & { count: number; failNext: Error | undefined } {
  const watched = {
    keys: log.keys,
    count: 0,
    failNext: undefined as Error | undefined,
    sign: async (checkpoint: Parameters<CheckpointSigner['sign']>[0]) => {
      watched.count++
      const failure = watched.failNext
      watched.failNext = undefined
      if (failure !== undefined) throw failure
      return log.signer.sign(checkpoint)
    },
  }
  return watched
}

export async function codeOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
  return 'nothing thrown'
}
