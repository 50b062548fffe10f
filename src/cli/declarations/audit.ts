/** The audit commands, as the command line shows them. */
import type { CommandGroup, OptionDeclaration } from '../command.ts'
import { OUTSIDE_COMMANDS } from './audit-outside.ts'
import { InvalidArgumentError } from 'commander'
import { CONNECTION_OPTIONS, LOG_TRUST_OPTION, OUTPUT_OPTION, positiveInteger, PROGRESS_OPTION, timestamp } from './options.ts'

/** Where a daemon is asked anyway. */
const DAEMON_TRUST_OPTION: OptionDeclaration = { ...LOG_TRUST_OPTION, description: `${LOG_TRUST_OPTION.description}, else what the daemon says` }

const PSEUDONYM_KEY_OPTION: OptionDeclaration = {
  flags: '--pseudonym-key <file>',
  description: 'key of the pseudonyms, may be repeated; default are those in the state directory',
  repeatable: true,
}

/** Which entries are meant. */
const FILTER_OPTIONS: readonly OptionDeclaration[] = [
  { flags: '--since <time>', description: 'not before this date or time', parse: timestamp },
  { flags: '--until <time>', description: 'before this date or time', parse: timestamp },
  { flags: '--key <name>', description: 'of this signing key' },
  { flags: '--caller <identity>', description: 'of this caller' },
  { flags: '--model <name>', description: 'of this model; * stands for any text' },
  { flags: '--model-digest <hex>', description: 'of the model with this root digest, as sealstone hash prints it' },
  { flags: '--kind <kind>', description: 'of this kind: intent, outcome, refused, …' },
  { flags: '--result <result>', description: 'with this result', choices: ['ok', 'error', 'unknown'] },
  { flags: '--operation-id <id>', description: 'of this operation, 32 hex digits' },
]

export const AUDIT_COMMANDS: CommandGroup = {
  name: 'audit',
  summary: 'read, check, publish and watch the audit log',
  examples: [
    ['sealstone audit list --limit 10', 'the last ten entries'],
    ['sealstone audit receipt 7 -o receipt.txt', 'proof that entry 7 is in the log'],
    ['sealstone audit report --from 2026-01-01 -o review.html', 'what happened in a period'],
    ['sealstone audit fsck', 'check everything, with or without a running daemon'],
    ['sealstone audit watch https://log.example/models/ --trust trust.json', 'monitor a log of others'],
  ],
  commands: [
    {
      name: 'list',
      summary: 'list entries, oldest first',
      options: [
        ...FILTER_OPTIONS,
        { flags: '--limit <count>', description: 'only the newest that many', parse: positiveInteger },
        { flags: '--resolve <file>', description: 'show who is behind pseudonyms, of the identities in this file, one a line' },
        PSEUDONYM_KEY_OPTION,
        { flags: '-f, --follow', description: 'then show what comes, until interrupted; begins with the newest ten, or with --limit or --since' },
        ...CONNECTION_OPTIONS,
      ],
      examples: [
        ['sealstone audit list', 'all that you may read'],
        ['sealstone audit list --key default --since 2026-03-01', 'of one key since a day'],
        ['sealstone audit list --result error --model "bert-*"', 'what went wrong with some models'],
        ['sealstone audit list --json --kind outcome', 'one object a line'],
        ['sealstone audit list --follow', 'what is signed now'],
      ],
      load: () => import('../commands/audit-list.ts'),
    },
    {
      name: 'show',
      operands: [{ syntax: '<id>', description: 'index of an entry, an operation id, or a model.hybrid.sig or receipt file' }],
      summary: 'tell the story of one signature, or of another entry',
      description:
        'Tells who asked for what, what the policy said, which keys signed and how they are guarded, how it ended and who had it verified; checks the ' +
        "receipt and the key's state here and now. Exit code 1 if something of that does not hold.",
      options: [DAEMON_TRUST_OPTION, ...CONNECTION_OPTIONS],
      examples: [
        ['sealstone audit show 7', 'by the number that audit list shows'],
        ['sealstone audit show ./model/model.hybrid.sig', 'by what came with a model'],
        ['sealstone audit show 7 --json', 'for programs'],
      ],
      load: () => import('../commands/audit-show.ts'),
    },
    {
      name: 'resolve',
      operands: [{ syntax: '[names...]', description: 'pseudonyms to resolve, and identities to try' }],
      summary: 'tell who is behind a pseudonym, with its key',
      description:
        'Tries the identities that are named, and those of a file. Without a pseudonym, tells those of all identities. Needs no daemon. ' +
        'Exit code 1 if a pseudonym belongs to none of them.',
      options: [{ flags: '--identities <file>', description: 'identities to try, one a line' }, PSEUDONYM_KEY_OPTION],
      examples: [
        ['sealstone audit resolve p:Yd2kV0sZ3mqfXb1cL9tR7w --identities staff.txt', 'who of them it is'],
        ['sealstone audit resolve spiffe://registry.example/publisher', 'what stands for this caller in the log'],
      ],
      load: () => import('../commands/audit-resolve.ts'),
    },
    {
      name: 'report',
      summary: 'write what happened in a period, for a review',
      description:
        'Counts signatures by key, suite, caller and day; lists refusals with their reasons, events of keys and of the daemon, and what to look at twice. ' +
        'Every entry of the period is hashed and must lead to a checkpoint that the log signed: exit code 1 if it does not.',
      options: [
        { flags: '--from <time>', description: 'first date or time of the period', parse: timestamp, mandatory: true },
        { flags: '--to <time>', description: 'up to this date or time, not included; default is now', parse: timestamp },
        { flags: '--format <format>', description: 'default is html for a file that ends in .html, else markdown', choices: ['markdown', 'html'] },
        {
          flags: '--usual-hours <hours>',
          description: 'such as 7-19: hours in UTC, Monday to Friday, outside of which a signature is unusual',
          parse: hours,
        },
        OUTPUT_OPTION,
        DAEMON_TRUST_OPTION,
        PROGRESS_OPTION,
        ...CONNECTION_OPTIONS,
      ],
      examples: [
        ['sealstone audit report --from 2026-01-01 --to 2026-04-01 -o review.html', 'a quarter, as a page'],
        ['sealstone audit report --from 2026-03-01 --usual-hours 7-19', 'since a day, as Markdown'],
        ['sealstone audit report --from 2026-03-01 --json', 'for programs'],
      ],
      load: () => import('../commands/audit-report.ts'),
    },
    {
      name: 'export',
      summary: 'write entries for another system, one record a line',
      description:
        'Writes entries in the order of the log as JSON Lines, or as events of OCSF 1.8.0. Every record carries its index and the hash of its leaf. With -o and ' +
        '--resume it goes on after the last whole record of the file; a record that was cut off is written again.',
      options: [
        { flags: '--format <format>', description: 'default is jsonl', choices: ['jsonl', 'ocsf'] },
        { flags: '--from <index>', description: 'begin with this entry; default is the first' },
        { flags: '--to <index>', description: 'up to this entry, not included; default is the end of the log' },
        { flags: '-f, --follow', description: 'then write what comes, until interrupted' },
        { flags: '--resume', description: 'go on with the file that -o names' },
        OUTPUT_OPTION,
        ...CONNECTION_OPTIONS,
      ],
      examples: [
        ['sealstone audit export -o log.jsonl --resume', 'what is new since the last time'],
        ['sealstone audit export --format ocsf --follow', 'into a pipe, as it happens'],
        ['sealstone audit export --from 1000 --to 2000', 'a part of the log'],
      ],
      load: () => import('../commands/audit-export.ts'),
    },
    {
      name: 'receipt',
      operands: [{ syntax: '[index]', description: 'number of the entry, from 0' }],
      summary: 'get the proof that an entry is in the log (c2sp.org/tlog-proof)',
      options: [
        OUTPUT_OPTION,
        { flags: '--refresh <file>', description: 'put the newest receipt, with the cosignatures of witnesses, into this model.hybrid.sig' },
        ...CONNECTION_OPTIONS,
      ],
      examples: [
        ['sealstone audit receipt 7', 'print it'],
        ['sealstone audit receipt 7 -o receipt.txt', 'keep it'],
        ['sealstone audit receipt --refresh model/model.hybrid.sig', 'with the witnesses that cosigned meanwhile'],
      ],
      load: () => import('../commands/audit-receipt.ts'),
    },
    {
      name: 'console',
      summary: 'print a link that opens the review console in a browser, once',
      description:
        'Asks the daemon over its Unix socket, so it works for the user that runs the daemon. The daemon serves the console where config.toml ' +
        'has listen in the section [console].',
      options: CONNECTION_OPTIONS,
      examples: [
        ['sealstone audit console', 'a link, good once and for ten minutes'],
        ['xdg-open "$(sealstone audit console)"', 'go there'],
      ],
      load: () => import('../commands/audit-console.ts'),
    },
    ...OUTSIDE_COMMANDS,
    {
      name: 'witness',
      operands: [{ syntax: '[init]', description: 'make the keys and a commented witness.toml, once' }],
      summary: 'be a witness: cosign the checkpoints of other logs (c2sp.org/tlog-witness)',
      description:
        'Answers POST /add-checkpoint for the logs in witness.toml, and for no others, as long as each goes on from its last cosigned ' +
        'checkpoint, which is on disk before a cosignature leaves. Its two keys, Ed25519 and ML-DSA-44, are files of mode 0600.',
      options: [
        { flags: '--directory <directory>', description: 'where it keeps all that; default is witness in the state directory' },
        { flags: '--name <name>', description: 'for init: the name in its cosignatures, like a URL without scheme' },
      ],
      examples: [
        ['sealstone audit witness init --name witness.example/w1', 'set it up and print its keys'],
        ['sealstone audit witness', 'run it until SIGINT or SIGTERM'],
      ],
      ownSignals: true,
      load: () => import('../commands/audit-witness.ts'),
    },
    {
      name: 'fsck',
      summary: 'check the whole log: every leaf, hash, tile and checkpoint',
      description:
        'Reads the database of the state directory, beside a running daemon or without one, and writes nothing. Says which leaf is the first bad one and ' +
        'what was changed, and goes on. With --tiles also a published copy, every tile and entry. Exit code 1 if anything does not match.',
      options: [{ flags: '--tiles <place>', description: 'compare with this published copy, too: URL or directory' }, LOG_TRUST_OPTION],
      examples: [
        ['sealstone audit fsck', 'is the log as it was written?'],
        ['sealstone audit fsck --tiles /srv/log', 'and is what was published the same?'],
        ['sealstone audit fsck --trust kept-elsewhere.json --json', 'with keys that were not beside it, for programs'],
      ],
      load: () => import('../commands/audit-fsck.ts'),
    },
    {
      name: 'publish',
      operands: [{ syntax: '<directory>', description: 'made if it is not there' }],
      summary: 'write the log down as plain files for a static host (c2sp.org/tlog-tiles)',
      description:
        'Writes what is new in the log since the last time: entries and tiles first, the checkpoint that covers them last, so that the ' +
        'directory can be served and copied at any moment. Refuses to put a log over one that it does not extend. Every entry becomes ' +
        'public: names of models, keys and callers. Reads the database of the state directory; the daemon may run or not.',
      examples: [
        ['sealstone audit publish /srv/log', 'the first time everything, then what is new'],
        ['sealstone audit publish /srv/log --json', 'how much it was, for programs'],
      ],
      load: () => import('../commands/audit-publish.ts'),
    },
    {
      name: 'archive',
      operands: [{ syntax: '[directory]', description: 'cold storage; default, and the only one, is audit.cold of config.toml' }],
      summary: 'move old entries out of the database into cold storage',
      description:
        'Writes the log down in the directory as audit publish does, for its owner alone, reads every old bundle of 256 entries back, and only then takes it out ' +
        'of the database. What filters look at and all hashes stay in it, and the log says which entries were moved. A daemon that runs does it itself, in small ' +
        'steps between its signatures; the database file gets smaller for the first time when none runs.',
      options: [
        { flags: '--older-than <days>', description: 'entries that were written longer ago', parse: positiveInteger },
        { flags: '--before <index>', description: 'entries before this one' },
        LOG_TRUST_OPTION,
      ],
      examples: [
        ['sealstone audit archive --older-than 365', 'what is older than a year, to where audit.cold says'],
        ['sealstone audit archive /srv/cold --before 1000000 --json', 'the first million, for programs'],
      ],
      load: () => import('../commands/audit-archive.ts'),
    },
  ],
}

/** `7-19`: from the first hour up to the second. */
function hours(text: string): { from: number; to: number } {
  const [, from, to] = /^(\d{1,2})-(\d{1,2})$/.exec(text) ?? []
  if (from === undefined || to === undefined || Number(from) >= Number(to) || Number(to) > 24)
    throw new InvalidArgumentError('Want two hours such as 7-19.')
  return { from: Number(from), to: Number(to) }
}
