/** The audit commands that need no daemon: they read a published log, as a stranger would. */
import type { CommandDeclaration, OptionDeclaration } from '../command.ts'
import { LOG_TRUST_OPTION, OUTPUT_OPTION } from './options.ts'

const LOG_OPTION: OptionDeclaration = { flags: '--log <place>', description: 'the published log: URL or directory that has `checkpoint` in it' }

export const OUTSIDE_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: 'verify',
    operands: [{ syntax: '<file>', description: 'model.hybrid.sig, a model with one in it, or a receipt as `audit receipt` writes it' }],
    summary: 'verify, offline, that one signature is in the log',
    description:
      'Checks both log signatures, the proof of inclusion, and that the entry names this very signature; tells what the entry says. ' +
      'With --log also that the log as it is published today still has that entry. Exit 0: it holds, 1: it does not.',
    options: [LOG_TRUST_OPTION, { ...LOG_OPTION, description: `${LOG_OPTION.description}: must still contain it` }],
    examples: [
      ['sealstone audit verify model/model.hybrid.sig', 'a signature, by the receipt in it'],
      ['sealstone audit verify receipt.txt --trust trust.json', 'a receipt, anywhere'],
      ['sealstone audit verify receipt.txt --log https://log.example/models/', 'and that the log still has it'],
    ],
    load: () => import('../commands/audit-verify.ts'),
  },
  {
    name: 'prove',
    operands: [{ syntax: '[index]', description: 'number of the entry, from 0' }],
    summary: 'prove from a published log that it has an entry, or that it only grew',
    description:
      'Makes a proof from the tiles and judges it by the signed checkpoint before it is written: of inclusion (c2sp.org/tlog-proof, with the ' +
      'entry), or with --from of consistency (the body of add-checkpoint, c2sp.org/tlog-witness). --from and --to are sizes, or files ' +
      'with checkpoints that were kept.',
    options: [
      LOG_OPTION,
      { flags: '--from <size|file>', description: 'prove consistency, from this older tree' },
      { flags: '--to <size|file>', description: 'to this newer one; default is that of today' },
      LOG_TRUST_OPTION,
      OUTPUT_OPTION,
    ],
    examples: [
      ['sealstone audit prove 7 --log https://log.example/models/ -o receipt.txt', 'entry 7 is in it'],
      ['sealstone audit prove --from kept.checkpoint --log ./mirror', 'it only grew since'],
      ['sealstone audit prove --from 100 --to 200 --log ./mirror --json', 'between two sizes, for programs'],
    ],
    load: () => import('../commands/audit-prove.ts'),
  },
  {
    name: 'watch',
    operands: [{ syntax: '<log>', description: 'the published log: URL or directory' }],
    summary: 'watch a published log: it must only grow, and each entry must be a signed one',
    description:
      'Keeps the last checkpoint; demands that the next one continues it, reads every new entry and checks it against the tree. Tells of a fork, ' +
      'a rollback, changed or withheld entries, time that goes back, outcomes without intents and the other way round, a log that is gone or ' +
      'silent, and what your rules say. Ends with exit code 1 at an alert; with --webhook it posts it and goes on.',
    options: [
      { flags: '--once', description: 'one round, for cron' },
      { flags: '--interval <time>', description: 'between two rounds; default 60s' },
      { flags: '--rules <file>', description: 'TOML with [[rule]] tables (docs/audit-guide.md)' },
      { flags: '--history', description: 'the rules speak also of entries that were there before the first round' },
      { flags: '--webhook <url>', description: 'post alerts here as JSON (Standard Webhooks)' },
      { flags: '--webhook-secret <file>', description: 'sign what is posted; whsec_ and base64' },
      { flags: '--keep-going', description: 'go on after alerts, also without a webhook' },
      { flags: '--max-age <time>', description: 'alert when the log is out of reach or signs nothing for longer; default 24h' },
      { flags: '--intent-age <time>', description: 'alert when an intent is without outcome for longer; default 1h' },
      { flags: '--state <file>', description: 'what it remembers; default is in the state directory, evidence beside it' },
      LOG_TRUST_OPTION,
    ],
    examples: [
      ['sealstone audit watch https://log.example/models/ --trust trust.json', 'until something is wrong'],
      ['sealstone audit watch ./mirror --once --state monitor.json', 'one round'],
      ['sealstone audit watch https://log.example/models/ --rules rules.toml --webhook https://alerts.example/in', 'tell and go on'],
    ],
    load: () => import('../commands/audit-watch.ts'),
  },
  {
    name: 'diff',
    operands: [
      { syntax: '<a>', description: 'published log (URL or directory), checkpoint, receipt or model.hybrid.sig' },
      { syntax: '<b>', description: 'the same' },
    ],
    summary: 'compare two views of a log: the same, one ahead, or forked, and from which entry on',
    description:
      'Both must be signed by the log keys of the trust file. Exit 0: the same, or one continues the other; 1: they are two histories, or of ' +
      'different logs. Two files with checkpoints of different sizes need the published log that has the larger one.',
    options: [LOG_TRUST_OPTION],
    examples: [
      ['sealstone audit diff https://log.example/models/ ./mirror', 'is the mirror honest, and how far behind?'],
      ['sealstone audit diff kept.checkpoint https://log.example/models/', 'does it still continue what I saw?'],
      ['sealstone audit diff mine.checkpoint theirs.checkpoint', 'were we shown the same?'],
    ],
    load: () => import('../commands/audit-diff.ts'),
  },
]
