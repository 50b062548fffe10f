/** init, serve and doctor, as the command line shows them. */
import type { CommandDeclaration } from '../command.ts'

export const DAEMON_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'init',
    summary: 'set up the state directory, its token, the first key and the audit log',
    description:
      'Makes the state directory with its own SoftHSM token, or uses a token that you name; creates the first signing key ' +
      'with its companion, the keys of the audit log, a commented config.toml and trust.json. Refuses a directory in use.',
    options: [
      { flags: '--token <uri>', description: 'use this PKCS#11 token (RFC 7512 URI) instead of an own SoftHSM token' },
      { flags: '--token-env <name=value>', description: 'environment that its module needs; may be repeated', repeatable: true },
      { flags: '--token-serial <form>', description: "how receipts name the token; default 'plain'", choices: ['plain', 'hashed'] },
      { flags: '--module <path>', description: 'where the SoftHSM module is, if not at a usual place' },
      { flags: '--suite <name>', description: 'suite of the first key; default mldsa65-ecdsa-p256' },
      { flags: '--key <name>', description: "name of the first key; default 'default'" },
      { flags: '--recovery-recipient <age1>', description: 'encrypt every key to this age recipient too; may be repeated', repeatable: true },
      { flags: '--log-origin <name>', description: 'name of the audit log, signed in every checkpoint; default is made up' },
    ],
    examples: [
      ['sealstone init', 'with an own SoftHSM token'],
      ['sealstone init --suite mldsa87-ecdsa-p384 --key prod-2026', 'level 5, another name'],
      ["sealstone init --token 'pkcs11:token=hsm1?module-path=/usr/lib/hsm.so&pin-source=file:/etc/hsm.pin'", 'with an HSM'],
      ['sealstone init --recovery-recipient "$(age-keygen -y offline.txt)"', 'with a way back if the token is lost (docs/recovery.md)'],
    ],
    ownSignals: true, // an interrupted set-up is cleaned up by its own room, or shows as incomplete at the next try
    load: () => import('../commands/init.ts'),
  },
  {
    name: 'serve',
    summary: 'run the daemon until it is told to stop',
    description: 'Listens as config.toml says: on a Unix socket, and on TCP with mutual TLS if that is set up. SIGTERM drains and stops.',
    options: [
      { flags: '--insecure-loopback <host:port>', description: 'also listen here without TLS; loopback only, for tests' },
      { flags: '--log-level <level>', description: 'overrides config.toml', choices: ['debug', 'info', 'warn', 'error'] },
    ],
    examples: [
      ['sealstone serve', 'in the foreground; logs go to standard error'],
      ['sealstone serve --log-level debug', 'say more'],
      ['sealstone serve --insecure-loopback 127.0.0.1:7443', 'for grpcurl on this machine'],
    ],
    ownSignals: true,
    load: () => import('../commands/serve.ts'),
  },
  {
    name: 'doctor',
    summary: 'check the state directory, the token, the keys and the log, and try what the token can do',
    description:
      'Tries with throw-away objects what the token really does: signs, seals, counts sessions, and times each. Says what a daemon would ' +
      'choose and what to fix. Safe beside a running daemon; sends no PIN when the counter of the token is low. No secret is printed.',
    options: [{ flags: '--quick', description: 'do not try what the token can do' }],
    examples: [
      ['sealstone doctor', 'a table of checks with hints'],
      ['sealstone doctor --quick', 'without trying the token'],
      ['sealstone doctor --json', 'for programs'],
    ],
    load: () => import('../commands/doctor.ts'),
  },
]
