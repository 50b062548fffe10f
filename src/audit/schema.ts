/** The tables of the audit log. `audit_leaf.bytes` is the log; every other column and table can be computed from it. */
import type { Migration } from '#db'
import { COSIGNATURE_MIGRATIONS } from './cosignatures.ts'

/** Everything but the two leaves of each signing. A signing costs nothing for the index of these, and they are found without reading the log. */
export const RARE_KIND = `kind NOT IN ('intent', 'outcome')`
export const RARE_RESULT = `result <> 'ok'`

export const AUDIT_MIGRATIONS: readonly Migration[] = [
  {
    room: 'audit',
    version: 1,
    sql: `
      -- One row per leaf. The columns before \`bytes\` repeat members of the leaf for filters. \`time\` is in milliseconds since 1970 and
      -- never goes back, so it needs no index: it is found by bisection.
      CREATE TABLE audit_leaf (
        idx INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        kind TEXT NOT NULL,
        operation_id BLOB NOT NULL,
        caller TEXT NOT NULL,
        key TEXT,
        model_name TEXT,
        result TEXT,
        bytes BLOB NOT NULL
      ) STRICT;
      CREATE INDEX audit_leaf_operation ON audit_leaf (operation_id);
      CREATE INDEX audit_leaf_caller ON audit_leaf (caller);
      CREATE INDEX audit_leaf_key ON audit_leaf (key) WHERE key IS NOT NULL;
      CREATE INDEX audit_leaf_model ON audit_leaf (model_name) WHERE model_name IS NOT NULL;

      -- Full tiles of c2sp.org/tlog-tiles: 256 hashes each, and their root, which is a hash of the next level. The tiles at the right
      -- edge that are not full are rebuilt from leaves and roots at every start.
      CREATE TABLE audit_tile (
        level INTEGER NOT NULL,
        number INTEGER NOT NULL,
        root BLOB NOT NULL,
        hashes BLOB NOT NULL,
        PRIMARY KEY (level, number)
      ) STRICT;

      -- The one row that says how far the log goes; it changes in the same transaction as the leaves.
      CREATE TABLE audit_head (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        origin TEXT NOT NULL,
        size INTEGER NOT NULL,
        root BLOB NOT NULL,
        checkpoint TEXT
      ) STRICT;

      -- Intents whose outcome is not in the log yet.
      CREATE TABLE audit_open_intent (
        operation_id BLOB PRIMARY KEY,
        idx INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- What was answered under an idempotency key, so that a repeated request gets the same bytes.
      CREATE TABLE audit_answer (
        key TEXT PRIMARY KEY,
        request_digest TEXT NOT NULL,
        time INTEGER NOT NULL,
        answer BLOB NOT NULL
      ) STRICT;
      CREATE INDEX audit_answer_time ON audit_answer (time);
    `,
  },
  {
    room: 'audit',
    version: 2,
    sql: `
      CREATE INDEX audit_leaf_rare_kind ON audit_leaf (kind) WHERE ${RARE_KIND};
      CREATE INDEX audit_leaf_rare_result ON audit_leaf (result) WHERE ${RARE_RESULT};
    `,
  },
  {
    room: 'audit',
    version: 3,
    // A third of the time of an append went into these, most of it into pages all over the index of models. Without them a reader looks through
    // 8,192 entries in some milliseconds, and has its page from the first of those where a name is common.
    sql: `
      DROP INDEX audit_leaf_caller;
      DROP INDEX audit_leaf_key;
      DROP INDEX audit_leaf_model;
    `,
  },
  ...COSIGNATURE_MIGRATIONS,
]
