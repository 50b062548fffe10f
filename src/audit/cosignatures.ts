/** What others said of this log's checkpoints: cosignatures of witnesses, and how far each went; timestamps. */
import { LIMITS } from '#core'
import type { Database, Migration, Row } from '#db'
import { bounded, upTo } from './bounded.ts'

export const COSIGNATURE_MIGRATIONS: readonly Migration[] = [
  {
    room: 'cosignatures',
    version: 1,
    sql: `
      -- The size that a witness is known to have cosigned last: what the next request to it begins from. A guess that is too low costs one answer.
      CREATE TABLE audit_witness (
        name TEXT PRIMARY KEY,
        size INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- Signed checkpoints with the cosignatures that they have so far. Kept are the newest with a quorum, and those after it.
      CREATE TABLE audit_cosigned (
        size INTEGER PRIMARY KEY,
        note TEXT NOT NULL,
        quorate INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    room: 'cosignatures',
    version: 2,
    sql: `
      -- Checkpoints with a timestamp below, all of them: an old entry's receipt has the first that covers it.
      CREATE TABLE audit_stamped (
        size INTEGER PRIMARY KEY,
        note TEXT NOT NULL,
        time INTEGER NOT NULL
      ) STRICT;
    `,
  },
]

export interface CosignedNote {
  readonly size: bigint
  /** The signed checkpoint, the lines of witnesses below those of the log. */
  readonly note: string
  /** Enough witnesses have cosigned it. */
  readonly quorate: boolean
}

export class CosignatureStore {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** 0 for a witness that is new here. */
  witnessSize(name: string): bigint {
    return BigInt((this.#db.prepare('SELECT size FROM audit_witness WHERE name = ?').get(name)?.['size'] as number | undefined) ?? 0)
  }

  /** Newest first; of more than are ever kept the newest. */
  notes(): CosignedNote[] {
    const rows = this.#db.prepare(`SELECT size, ${NOTE}, quorate FROM audit_cosigned ORDER BY size DESC LIMIT ${MOST_COSIGNED}`).all()
    return rows.map((row) => ({ size: BigInt(row['size'] as number), note: noteOf(row), quorate: row['quorate'] === 1 }))
  }

  newestQuorate(): string | undefined {
    const row = this.#db.prepare(`SELECT ${NOTE} FROM audit_cosigned WHERE quorate = 1 ORDER BY size DESC LIMIT 1`).get()
    return row && noteOf(row)
  }

  /** A crash before this loses a cosignature; the witness gives it again for the same checkpoint. Without `note` only the witness's size is kept. */
  save(witness: string, size: bigint, note: CosignedNote | undefined): void {
    this.#db.transaction(() => {
      this.#db
        .prepare('INSERT INTO audit_witness (name, size) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET size = excluded.size')
        .run(witness, size)
      if (note === undefined) return
      const sql =
        'INSERT INTO audit_cosigned (size, note, quorate) VALUES (?, ?, ?) ON CONFLICT (size) DO UPDATE SET note = excluded.note, quorate = excluded.quorate'
      this.#db.prepare(sql).run(note.size, note.note, note.quorate ? 1 : 0)
      if (note.quorate) this.#db.prepare('DELETE FROM audit_cosigned WHERE size < ?').run(note.size)
    })
  }

  forget(size: bigint): void {
    this.#db.prepare('DELETE FROM audit_cosigned WHERE size = ?').run(size)
  }

  forgetAll(): void {
    if (this.#db.prepare('SELECT 1 FROM audit_cosigned LIMIT 1').get() !== undefined) this.#db.prepare('DELETE FROM audit_cosigned').run()
  }

  /** Nothing of what was cosigned counts any more: other witnesses, or another quorum, are asked from now on. */
  replace(notes: readonly CosignedNote[]): void {
    this.#db.transaction(() => {
      this.#db.prepare('DELETE FROM audit_cosigned').run()
      for (const { size, note, quorate } of notes) {
        this.#db.prepare('INSERT INTO audit_cosigned (size, note, quorate) VALUES (?, ?, ?)').run(size, note, quorate ? 1 : 0)
      }
    })
  }

  newestStamped(): { readonly size: bigint; readonly note: string; readonly time: number } | undefined {
    const row = this.#db.prepare(`SELECT size, ${NOTE}, time FROM audit_stamped ORDER BY size DESC LIMIT 1`).get()
    return row && { size: BigInt(row['size'] as number), note: noteOf(row), time: row['time'] as number }
  }

  /** The first that covers the entry: what proves the earliest time. */
  stampedCovering(index: bigint): string | undefined {
    const row = this.#db.prepare(`SELECT ${NOTE} FROM audit_stamped WHERE size > ? ORDER BY size LIMIT 1`).get(index)
    return row && noteOf(row)
  }

  saveStamped({ size, note, time }: { readonly size: bigint; readonly note: string; readonly time: number }): void {
    this.#db.prepare('INSERT OR REPLACE INTO audit_stamped (size, note, time) VALUES (?, ?, ?)').run(size, note, time)
  }
}

/** Every signed checkpoint that is kept beside that of the head, for whoever checks them; some at a time, since timestamped ones are kept for ever. */
export function* keptNotes(db: Database): Generator<{ readonly size: bigint; readonly note: string; readonly what: string }> {
  for (const { table, what } of KEPT) {
    const next = db.prepare(`SELECT CAST(size AS TEXT) AS size, ${NOTE} FROM ${table} WHERE size > ? ORDER BY size LIMIT ${NOTES_AT_A_TIME}`)
    for (let after = LEAST_INTEGER; ; ) {
      const rows = next.all(after).map((row) => ({ size: BigInt(row['size'] as string), note: noteOf(row), what }))
      yield* rows
      const last = rows.at(-1)
      if (last === undefined) break
      after = last.size
    }
  }
}

function noteOf(row: Row): string {
  return bounded(row, 'note', 'a checkpoint that is kept', LIMITS.checkpointBytes)
}

const NOTE = upTo(LIMITS.checkpointBytes, 'note')
const KEPT = [
  { table: 'audit_cosigned', what: 'cosigned checkpoint' },
  { table: 'audit_stamped', what: 'timestamped checkpoint' },
] as const
/** Twice what `#cosigning` keeps. */
const MOST_COSIGNED = 18
const NOTES_AT_A_TIME = 64
const LEAST_INTEGER = -(2n ** 63n)
