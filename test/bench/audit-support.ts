/** A log on the disk for the benchmarks, with software keys and the settings and verifier of the daemon. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AUDIT_MIGRATIONS, type AuditLog, type CheckpointSigner, openAuditLog } from '#audit'
import { silentLogger, systemClock, Timeline } from '#core'
import { openDatabase } from '#db'
import { encodeLeaf, type LogSignatureVerifier, type NewLeaf } from '#tlog'
import { nativeEngine } from '#suites/native'
import { softwareLog } from '../support/software-log.ts'

export interface BenchLog extends AsyncDisposable {
  readonly folder: string
  readonly origin: string
  readonly audit: AuditLog
  readonly signer: CheckpointSigner
  encoded(leaf: NewLeaf): Uint8Array
}

export async function openBenchLog(): Promise<BenchLog> {
  const folder = mkdtempSync(join(process.env['DIR'] ?? tmpdir(), 'sealstone-bench-'))
  const { origin, signer } = softwareLog('bench.example/log')
  const db = openDatabase(join(folder, 'sealstone.db'), AUDIT_MIGRATIONS)
  const audit = await openAuditLog({ db, origin, signer, verifier: nativeVerifier(), timeline: new Timeline(systemClock), logger: silentLogger })
  return {
    folder,
    origin,
    audit,
    signer,
    encoded: (leaf) => encodeLeaf({ version: 1, time: new Date().toISOString(), ...leaf }),
    async [Symbol.asyncDispose]() {
      await audit.close()
      db.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As in the daemon. */
function nativeVerifier(): LogSignatureVerifier {
  const engine = nativeEngine()
  return {
    verifyEd25519: (publicKey, message, signature) => engine.verify('ed25519', publicKey, message, signature),
    verifyMlDsa44: (publicKey, message, signature) => engine.verify('ml-dsa-44', publicKey, message, signature),
  }
}
