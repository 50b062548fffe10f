/** The static checks of the house, one command each. */

export interface Check {
  readonly name: string
  readonly command: readonly [program: string, ...args: string[]]
}

/** Programs are those of node_modules/.bin. */
export const CHECKS: readonly Check[] = [
  { name: 'types', command: ['tsc', '--project', '.'] },
  { name: 'page types', command: ['tsc', '--project', 'src/console/page'] },
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'format', command: ['biome', 'format', '--max-diagnostics=20', '.'] },
  { name: 'proto', command: ['buf', 'lint', 'proto'] },
]

/** The tests that take no token, no daemon and no large file; together a few seconds. */
export const QUICK_TESTS: readonly string[] = [
  'test/architecture.test.ts',
  'test/core',
  'test/tlog/checkpoint.test.ts',
  'test/tlog/leaf.test.ts',
  'test/tlog/merkle-vectors.test.ts',
  'test/tlog/tiles.test.ts',
  'test/tlog/tlog-proof.test.ts',
  'test/policy',
  'test/wire',
  'test/house/summary.test.ts',
]
