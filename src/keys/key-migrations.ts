/** The tables of the keys room. The key host's own form of a key is kept as canonical JSON; it holds nothing that works without the token. */
import type { Migration } from '#db'

export const KEY_MIGRATIONS: readonly Migration[] = [
  {
    room: 'keys',
    version: 1,
    sql: `
      CREATE TABLE key_version (
        name TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version >= 1),
        state TEXT NOT NULL CHECK (state = 'active'),
        created_at TEXT NOT NULL,
        hybrid TEXT NOT NULL,
        companion TEXT,
        PRIMARY KEY (name, version)
      ) STRICT;
      CREATE TABLE log_key (
        role TEXT PRIMARY KEY CHECK (role IN ('ed25519', 'ml-dsa-44')),
        material TEXT NOT NULL
      ) STRICT;
    `,
  },
  {
    room: 'keys',
    version: 2,
    // SQLite changes no CHECK of a table: a new one takes over its rows.
    sql: `
      ALTER TABLE key_version RENAME TO key_version_1;
      CREATE TABLE key_version (
        name TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version >= 1),
        state TEXT NOT NULL CHECK (state IN ('pre-active', 'active', 'suspended', 'deactivated', 'compromised', 'destroyed')),
        -- JSON: when it came into each state.
        times TEXT NOT NULL,
        created_at TEXT NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('generated', 'imported', 'adopted')),
        not_before TEXT,
        not_after TEXT,
        reason TEXT,
        destroy_at TEXT,
        quarantine TEXT,
        hybrid TEXT NOT NULL,
        companion TEXT,
        PRIMARY KEY (name, version)
      ) STRICT;
      INSERT INTO key_version (name, version, state, times, created_at, origin, hybrid, companion)
        SELECT name, version, state, json_object('active', created_at), created_at, 'generated', hybrid, companion FROM key_version_1;
      DROP TABLE key_version_1;
      CREATE TABLE key_policy (
        name TEXT PRIMARY KEY,
        min_sign_version INTEGER NOT NULL,
        min_verify_version INTEGER NOT NULL,
        rotation_days INTEGER,
        deletion_allowed INTEGER NOT NULL CHECK (deletion_allowed IN (0, 1))
      ) STRICT;
      -- The trust file as it was signed last, so that its number never goes back.
      CREATE TABLE trust_issue (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        serial INTEGER NOT NULL,
        document BLOB NOT NULL
      ) STRICT;
    `,
  },
]
