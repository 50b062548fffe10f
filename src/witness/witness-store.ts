/** What a witness remembers: the last checkpoint of each log that it cosigned, and what logs signed that cannot both be true. */
import type { Database, Migration } from '#db'
import type { Checkpoint } from '#tlog'

export const WITNESS_MIGRATIONS: readonly Migration[] = [
  {
    room: 'witness',
    version: 1,
    sql: `
      -- Sizes are decimal text: a tree may have more leaves than a number of SQLite's driver holds exactly.
      CREATE TABLE witness_log (
        origin TEXT PRIMARY KEY,
        size TEXT NOT NULL,
        root BLOB NOT NULL,
        checkpoint TEXT NOT NULL,
        time INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- Checkpoints that a log signed and that do not fit the one that we cosigned.
      CREATE TABLE witness_evidence (
        id INTEGER PRIMARY KEY,
        origin TEXT NOT NULL,
        time INTEGER NOT NULL,
        cosigned TEXT NOT NULL,
        refused TEXT NOT NULL
      ) STRICT;
      CREATE INDEX witness_evidence_origin ON witness_evidence (origin);
    `,
  },
]

export interface Remembered extends Checkpoint {
  /** The signed note. */
  readonly note: string
}

export class WitnessStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  last(origin: string): Remembered | undefined {
    const row = this.#db.prepare('SELECT size, root, checkpoint FROM witness_log WHERE origin = ?').get(origin)
    return row && { origin, size: BigInt(row['size'] as string), root: row['root'] as Uint8Array, note: row['checkpoint'] as string }
  }

  /**
   * The durable step. False, and nothing changed, if `before` is not the last one any more. A crash before it returns: nothing was cosigned.
   * After it: the log has no answer, asks again with its old size, is told the new one and goes on from there.
   */
  replace(before: Remembered | undefined, { origin, size, root, note }: Remembered, time: number): boolean {
    return this.#db.transaction(() => {
      if (before === undefined) {
        const sql = 'INSERT INTO witness_log (origin, size, root, checkpoint, time) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
        return this.#db.prepare(sql).run(origin, String(size), root, note, time) === 1
      }
      const sql = 'UPDATE witness_log SET size = ?, root = ?, checkpoint = ?, time = ? WHERE origin = ? AND size = ? AND root = ?'
      return this.#db.prepare(sql).run(String(size), root, note, time, origin, String(before.size), before.root) === 1
    })
  }

  /** Bounded: a log that misbehaves on purpose does not fill the disk. */
  keepEvidence(origin: string, cosigned: string, refused: string, time: number): void {
    const kept = this.#db.prepare('SELECT count(*) AS count FROM witness_evidence WHERE origin = ?').get(origin)?.['count'] as number
    if (kept >= MAX_EVIDENCE) return
    this.#db.prepare('INSERT INTO witness_evidence (origin, time, cosigned, refused) VALUES (?, ?, ?, ?)').run(origin, time, cosigned, refused)
  }

  evidence(origin: string): { readonly cosigned: string; readonly refused: string }[] {
    const rows = this.#db.prepare('SELECT cosigned, refused FROM witness_evidence WHERE origin = ? ORDER BY id LIMIT ?').all(origin, MAX_EVIDENCE)
    return rows.map((row) => ({ cosigned: row['cosigned'] as string, refused: row['refused'] as string }))
  }
}

const MAX_EVIDENCE = 32
