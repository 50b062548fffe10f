/** A log on the disk for the benchmarks, with software keys and the settings and verifier of the daemon. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AUDIT_MIGRATIONS, type AuditLog, type CheckpointSigner, openAuditLog } from '#audit'
import { newOperationId, parseIdentity, silentLogger, systemClock, Timeline } from '#core'
import { openDatabase } from '#db'
import { encodeLeaf, type LogSignatureVerifier, type NewLeaf } from '#tlog'
import { nativeEngine } from '#suites/native'
import { softwareLog } from '../support/software-log.ts'

export interface BenchLog extends AsyncDisposable {
  readonly folder: string
  readonly origin: string
  readonly audit: AuditLog
  readonly signer: CheckpointSigner
  /** What its keys are made of. */
  readonly seed: Uint8Array
  /** Everything into the database file itself. */
  flush(): void
  encoded(leaf: NewLeaf): Uint8Array
}

/** @param isDurable false where what it is filled with is not what is measured: a commit does not wait for the disk then */
export async function openBenchLog({ isDurable = true }: { readonly isDurable?: boolean } = {}): Promise<BenchLog> {
  const folder = mkdtempSync(join(process.env['DIR'] ?? tmpdir(), 'sealstone-bench-'))
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const { origin, signer } = softwareLog('bench.example/log', seed)
  const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  if (!isDurable) db.prepare('PRAGMA synchronous = OFF').get()
  const audit = await openAuditLog({ db, origin, signer, verifier: nativeVerifier(), timeline: new Timeline(systemClock), logger: silentLogger })
  return {
    folder,
    origin,
    audit,
    signer,
    seed,
    flush: () => void db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all(),
    encoded: (leaf) => encodeLeaf({ version: 1, time: new Date().toISOString(), ...leaf }),
    async [Symbol.asyncDispose]() {
      await audit.close()
      db.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As in the daemon. */
export function nativeVerifier(): LogSignatureVerifier {
  const engine = nativeEngine()
  return {
    verifyEd25519: (publicKey, message, signature) => engine.verify('ed25519', publicKey, message, signature),
    verifyMlDsa44: (publicKey, message, signature) => engine.verify('ml-dsa-44', publicKey, message, signature),
  }
}

/** What a signing leaves in the log: two signatures over a model. */
export function signingLeaf(at: number): NewLeaf {
  const hex = at.toString(16).padStart(64, '0')
  return {
    kind: 'outcome',
    operationId: newOperationId(),
    caller: parseIdentity(`spiffe://example.org/registry/${at % 20}`),
    operation: 'sign',
    key: `team-${at % 10}`,
    keyVersion: 3,
    suite: 'ML-DSA-65-ECDSA-P256',
    modelName: `organisation/model-${at % 1000}`,
    modelDigest: `sha256:${hex}`,
    resourceCount: 12,
    digestSource: 'daemon',
    payloadType: 'application/vnd.in-toto+json',
    predicateType: 'https://model_signing/signature/v1.0',
    signedBytesDigest: `sha256:${hex}`,
    signatures: [
      { role: 'hybrid', suite: 'ML-DSA-65-ECDSA-P256', keyFingerprint: hex, digest: `sha256:${hex}` },
      { role: 'companion', suite: 'ecdsa-p256', keyFingerprint: hex, digest: `sha256:${hex}` },
    ],
    result: 'ok',
  }
}

/** So many at a time, each waiting for its own. */
export async function produce(producers: number, count: number, one: (at: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const producer = async (): Promise<void> => {
    while (next < count) await one(next++)
  }
  await Promise.all(Array.from({ length: producers }, producer))
}
