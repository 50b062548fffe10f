/** What a client of a running daemon asks for in tests and benchmarks, and what a verifier elsewhere makes of the answer. */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifyWholeLog } from '#audit'
import type { connect, SignAnswer } from '#client'
import { openDatabase } from '#db'
import { parseTrustFile, type TrustFile, type Verdict, verifyModel } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { parseVerifierKey } from '#tlog'
import { MIGRATIONS } from '../../src/daemon/runtime.ts'
import { nobleVerifier } from './software-log.ts'

export type SignRequest = Parameters<ReturnType<typeof connect>['sign']>[0]

/** A model of its own each time, of one file. */
export function signRequest(): SignRequest {
  const id = randomUUID()
  const resources = [{ name: 'weights.safetensors', algorithm: 'sha256' as const, digest: createHash('sha256').update(id).digest(), size: 1 }]
  const serialization = { method: 'files', hashType: 'sha256', allowSymlinks: false, ignorePaths: [] } as const
  return { idempotencyKey: id, content: { kind: 'manifest', manifest: { modelName: 'bench', resources, serialization, totalBytes: 1 } } }
}

/** With the trust file alone: both signatures, the key's state at the time, and the receipt. */
export function judgeAnswer({ modelSig, hybridSig }: Pick<SignAnswer, 'modelSig' | 'hybridSig'>, trust: TrustFile): Promise<Verdict> {
  return verifyModel({
    engine: nativeEngine(),
    ...(modelSig === undefined ? {} : { bundle: modelSig }),
    hybrid: hybridSig,
    trust: { kind: 'trust-file', trust },
    require: 'key',
    now: new Date(),
  })
}

/** Every leaf, hash and the signed checkpoint of the log of a daemon that was stopped, by the keys of its trust file. Throws AUDIT_CORRUPT. */
export function verifyLogOf(home: string): ReturnType<typeof verifyWholeLog> {
  const { log } = parseTrustFile(readFileSync(join(home, 'trust.json')), nativeEngine())
  const db = openDatabase(join(home, 'sealstone.db'), MIGRATIONS)
  try {
    return verifyWholeLog({ db, origin: log.origin, keys: log.keys.map(parseVerifierKey), verifier: nobleVerifier })
  } finally {
    db.close()
  }
}
