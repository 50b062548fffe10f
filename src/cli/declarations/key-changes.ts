/** The commands that make and change keys, as the command line shows them. */
import { InvalidArgumentError } from 'commander'
import type { CommandDeclaration, OptionDeclaration } from '../command.ts'
import { CONNECTION_OPTIONS, positiveInteger, timestamp } from './options.ts'

const NAME = [{ syntax: '<name>', description: 'name of the key' }]
const VERSION: OptionDeclaration = {
  flags: '--key-version <number>',
  description: 'which version; needed where several could be meant',
  parse: positiveInteger,
}
const REASON: OptionDeclaration = { flags: '--reason <text>', description: 'why, for the audit log and the trust file' }
const VALIDITY: readonly OptionDeclaration[] = [
  { flags: '--not-before <time>', description: 'it signs from then on, for example 2026-12-01 or 2026-12-01T08:00:00Z', parse: timestamp },
  { flags: '--not-after <time>', description: 'it signs until then', parse: timestamp },
]
const ROTATION: OptionDeclaration = {
  flags: '--rotation-days <days>',
  description: 'make the next version after so many days; 0: by hand',
  parse: days,
}

export const KEY_CHANGE_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'create',
    operands: NAME,
    summary: 'make a key in the token',
    options: [
      { flags: '--suite <suite>', description: 'what it is made of; default mldsa65-ecdsa-p256 (docs/suites.md)' },
      ...VALIDITY,
      ROTATION,
      { flags: '--deletion-allowed', description: 'its versions may be destroyed' },
      { flags: '--ml-dsa-in-token', description: 'keep the ML-DSA half in the token, instead of sealed by it; for tokens with CKM_ML_DSA' },
      { flags: '--not-recoverable', description: 'without a way back if the token is lost, although config.toml has recovery recipients' },
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone keys create release', 'the default suite'],
      ['sealstone keys create release-2027 --not-before 2027-01-01 --rotation-days 365', 'for later, followed by a new version each year'],
      ['sealstone keys create top --suite mldsa87-ecdsa-p384', 'security level 5'],
    ],
    load: async () => (await import('../commands/keys-create.ts')).create,
  },
  {
    name: 'rotate',
    operands: NAME,
    summary: 'make the next version of a key and retire the one before',
    options: [
      { flags: '--suite <suite>', description: 'suite of the new version; default is that of the newest one' },
      ...VALIDITY,
      { flags: '--recoverable', description: 'with a way back if the token is lost, although the version before has none' },
      { flags: '--keep-previous', description: 'the version before stays active; it signs where it is asked for by number' },
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone keys rotate default', 'from now on version N+1 signs'],
      ['sealstone keys rotate default --not-before 2026-12-01', 'from then on; verifiers can get the trust file before'],
      ['sealstone keys rotate default --suite mldsa87-ecdsa-p384', 'move to another suite'],
    ],
    load: async () => (await import('../commands/keys-create.ts')).rotate,
  },
  {
    name: 'enable',
    operands: NAME,
    summary: 'bring a version into use, after it is tested',
    options: [VERSION, REASON, ...CONNECTION_OPTIONS],
    examples: [['sealstone keys enable default --key-version 2', 'end a suspension or a quarantine']],
    load: async () => (await import('../commands/keys-change.ts')).enable,
  },
  {
    name: 'disable',
    operands: NAME,
    summary: 'take a version out of use for a while',
    options: [VERSION, REASON, ...CONNECTION_OPTIONS],
    examples: [['sealstone keys disable default --reason "token in maintenance"', 'it can be enabled again']],
    load: async () => (await import('../commands/keys-change.ts')).disable,
  },
  {
    name: 'retire',
    operands: NAME,
    summary: 'take a version out of use for good; what it signed verifies',
    options: [VERSION, REASON, ...CONNECTION_OPTIONS],
    examples: [['sealstone keys retire default --key-version 1', 'it never signs again']],
    load: async () => (await import('../commands/keys-change.ts')).retire,
  },
  {
    name: 'compromise',
    operands: NAME,
    summary: 'say since when somebody else may have had a version',
    description:
      'What the version signed before that time, as its receipt proves, goes on to verify; what it signed later, or without a ' +
      'receipt, does not. Name an earlier time later if you learn more; a later time is refused.',
    options: [
      VERSION,
      { flags: '--since <time>', description: 'since when; needed', parse: timestamp },
      { ...REASON, description: `${REASON.description}; needed` },
      ...CONNECTION_OPTIONS,
    ],
    examples: [['sealstone keys compromise default --since 2026-11-01T00:00:00Z --reason "laptop stolen"', 'then hand out the trust file']],
    load: async () => (await import('../commands/keys-change.ts')).compromise,
  },
  {
    name: 'destroy',
    operands: NAME,
    summary: 'remove the private halves of a version, after a waiting time',
    description:
      'The key must allow it (keys policy --deletion-allowed true) and the version must be out of use. Until the waiting time ' +
      'is over (keys.destroy_wait_hours in config.toml) `keys keep` calls it off. What the version signed goes on to verify.',
    options: [
      VERSION,
      { flags: '--confirm <name>', description: 'the name once more; without it you are asked to type it' },
      REASON,
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone keys destroy old --key-version 1', 'asks for the name'],
      ['sealstone keys destroy old --key-version 1 --confirm old', 'for programs'],
    ],
    load: async () => (await import('../commands/keys-change.ts')).destroy,
  },
  {
    name: 'keep',
    operands: NAME,
    summary: 'call a scheduled destruction off',
    options: [VERSION, ...CONNECTION_OPTIONS],
    examples: [['sealstone keys keep old --key-version 1', 'its private halves stay']],
    load: async () => (await import('../commands/keys-change.ts')).keep,
  },
  {
    name: 'policy',
    operands: NAME,
    summary: 'show or change what holds for all versions of a key',
    options: [
      { flags: '--min-sign-version <number>', description: 'older versions do not sign', parse: positiveInteger },
      { flags: '--min-verify-version <number>', description: 'what older versions signed does not verify', parse: positiveInteger },
      ROTATION,
      { flags: '--deletion-allowed <yes-or-no>', description: 'whether versions may be destroyed: true or false', parse: trueOrFalse },
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone keys policy default', 'show it'],
      ['sealstone keys policy default --rotation-days 365', 'a new version each year'],
      ['sealstone keys policy default --min-verify-version 3', 'end of trust in versions 1 and 2'],
    ],
    load: async () => (await import('../commands/keys-change.ts')).policy,
  },
  {
    name: 'adopt',
    operands: NAME,
    summary: 'take over a classical key that is in the token already',
    description: 'The key stays where it is and as it is; its fingerprint is recorded. It signs model.sig for other tools; it is not quantum-safe.',
    options: [{ flags: '--uri <uri>', description: 'RFC 7512, with id or object; needed' }, ...VALIDITY, ...CONNECTION_OPTIONS],
    examples: [
      ["sealstone keys adopt release --uri 'pkcs11:object=release;type=private'", 'by its label'],
      ["sealstone keys adopt release --uri 'pkcs11:id=%01%a2'", 'by its id'],
    ],
    load: async () => (await import('../commands/keys-adopt.ts')).adopt,
  },
  {
    name: 'import',
    operands: NAME,
    summary: 'take an ML-DSA private key from a PKCS#8 file',
    description:
      'Seed, expanded key or both (RFC 9881), DER or PEM, not encrypted. The key host alone reads it, checks it and seals it with ' +
      'the token; every receipt says that the key was imported. Works on the machine of the daemon, as its user.',
    options: [{ flags: '--file <pkcs8>', description: 'the private key; needed' }, ...VALIDITY, ...CONNECTION_OPTIONS],
    examples: [['sealstone keys import legacy --file ./mldsa65.pem', 'then destroy the file']],
    load: async () => (await import('../commands/keys-adopt.ts')).importKey,
  },
  {
    name: 'rewrap',
    summary: 'seal every seed anew under a new wrapping key of the token',
    description:
      'Signing goes on meanwhile. The old wrapping key stays in the token, because backups from before need it to open; with ' +
      '--destroy-old it goes, and with it whatever another daemon on the same token sealed. Run it again if it was interrupted.',
    options: [
      { flags: '--destroy-old', description: 'destroy the wrapping keys that this daemon needs no more' },
      { flags: '--confirm <word>', description: 'the word destroy; with --destroy-old you are asked to type it otherwise' },
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone keys rewrap', 'a new wrapping key; the old one stays'],
      ['sealstone keys rewrap --destroy-old', 'then make a new backup: those from before do not open any more'],
      ['sealstone keys rewrap --destroy-old --confirm destroy', 'for programs'],
    ],
    load: () => import('../commands/keys-rewrap.ts'),
  },
  {
    name: 'backup',
    operands: [{ syntax: '<folder>', description: 'a new folder' }],
    summary: 'back up keys and audit log while the daemon signs',
    description:
      'Public parts, sealed seeds, the log, and the recovery blobs of keys made with recovery recipients, with a hash list. ' +
      'Nothing in it works without the token or an offline identity. PINs are not in it. Works on the machine of the daemon.',
    options: CONNECTION_OPTIONS,
    examples: [['sealstone keys backup "/backup/sealstone-$(date +%F)"', 'then copy it away; sha256sum -c SHA256SUMS checks it']],
    load: async () => (await import('../commands/keys-backup.ts')).backup,
  },
  {
    name: 'restore',
    operands: [{ syntax: '[folder]', description: 'what `keys backup` wrote; not with --key or --all' }],
    summary: 'put lost keys back, or set up an empty state directory from a backup',
    description:
      'With a folder: with the token that the keys are in, everything goes on as it was. With another one, --identity puts every recoverable ' +
      'key into it; the others never sign again, but what they signed verifies. No daemon may run on the state directory.\n\n' +
      'With --key or --all: the running daemon puts what its token no longer has back from the recovery blobs, and ends the quarantine ' +
      'once the key signs rightly; signing goes on. The identity stays in its file, which must be on the machine of the daemon, of its user, mode 600.',
    options: [
      { flags: '--identity <file>', description: 'age identity of a recovery recipient; needed but for a backup and its own token' },
      { flags: '--key <name>', description: 'have the running daemon put this key back; every version, unless --key-version names one' },
      { flags: '--key-version <number>', description: 'which version of --key', parse: positiveInteger },
      { flags: '--all', description: 'have the running daemon put back every key that its token has no longer' },
      {
        flags: '--token <uri>',
        description: 'use this PKCS#11 token (RFC 7512 URI); default: that of the backup, with --identity a new SoftHSM token',
      },
      { flags: '--token-env <name=value>', description: 'environment that its module needs; may be repeated', repeatable: true },
      { flags: '--module <path>', description: 'where the SoftHSM module is, if not at a usual place' },
      ...CONNECTION_OPTIONS,
    ],
    examples: [
      ['sealstone keys restore ./backup', 'the same token as before'],
      ['sealstone keys restore ./backup --identity offline.txt', 'into a new SoftHSM token'],
      [
        "sealstone keys restore ./backup --identity offline.txt --token 'pkcs11:token=hsm2?module-path=/usr/lib/hsm.so&pin-source=file:/etc/hsm.pin'",
        'into a new HSM',
      ],
      ['sealstone keys restore --all --identity /run/offline.txt', 'the daemon runs, and keys are gone from its token'],
      ['sealstone keys restore --key release --key-version 2 --identity /run/offline.txt', 'only this version'],
    ],
    ownSignals: true, // an interrupted set-up is cleaned up by its own room, or shows as incomplete at the next try
    load: () => import('../commands/keys-restore.ts'),
  },
]

function days(text: string): number {
  const value = Number(text)
  if (!/^[0-9]{1,5}$/.test(text) || value > 36_500) throw new InvalidArgumentError('Want a whole number of days from 0 to 36500.')
  return value
}

function trueOrFalse(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('Want true or false.')
  return text === 'true'
}
