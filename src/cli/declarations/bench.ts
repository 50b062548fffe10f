/** The bench commands, as the command line shows them. */
import { InvalidArgumentError } from 'commander'
import type { CommandGroup } from '../command.ts'
import { positiveInteger } from './options.ts'

export const BENCH_COMMANDS: CommandGroup = {
  name: 'bench',
  summary: 'measure signing on this machine',
  examples: [['sealstone bench sign', 'with 1, 8 and 64 clients']],
  commands: [
    {
      name: 'sign',
      summary: 'measure how fast a daemon signs, beside what the bare primitives take',
      description:
        'Sets up a daemon with a SoftHSM token of its own in a temporary directory, so nothing of yours is touched, and lets ' +
        'clients sign in a closed loop over its Unix socket, with every fsync and receipt. RATIO is the rate over that of the bare ' +
        'primitives on one core: ML-DSA and classical signature, both verifications, and their part of a batched commit.',
      options: [
        { flags: '--clients <list>', description: 'how many at a time, one run each; default 1,8,64', parse: counts },
        { flags: '--batch <number>', description: 'signings in a call of the last run; default 64, 1 leaves it out', parse: positiveInteger },
        { flags: '--seconds <number>', description: 'length of each run; default 10', parse: positiveInteger },
        {
          flags: '--children <number>',
          description: 'processes of the key host (key_host.children); default one less than cores',
          parse: children,
        },
        { flags: '--suite <suite>', description: 'suite of the key; default mldsa65-ecdsa-p256' },
      ],
      examples: [
        ['sealstone bench sign', 'a table'],
        ['sealstone bench sign --children 2', 'whether another process of the key host would sign more here'],
        ['sealstone bench sign --clients 64 --seconds 30 --json', 'one array of objects'],
      ],
      load: () => import('../commands/bench-sign.ts'),
    },
  ],
}

function counts(text: string): number[] {
  const values = text.split(',').map(Number)
  if (values.some((value) => !Number.isSafeInteger(value) || value < 1 || value > 1024))
    throw new InvalidArgumentError('Want numbers from 1 to 1024, such as 1,8,64.')
  return values
}

function children(text: string): number {
  const value = positiveInteger(text)
  if (value > MAX_CHILDREN) throw new InvalidArgumentError(`Want a number from 1 to ${MAX_CHILDREN}.`)
  return value
}

const MAX_CHILDREN = 64
