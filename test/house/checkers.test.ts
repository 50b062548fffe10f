/** Every checker that guards this project finds a planted fault, with the project's own settings, and passes the same text without it. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CHECKS } from './checks.ts'

const ROOT = join(import.meta.dirname, '../..')

type Files = Readonly<Record<string, string>>

/** A project of its own that has this project's settings and packages, and these files. */
function project(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-house-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['.biome.json', '.oxlintrc.json', 'tsconfig.json', 'package.json', '.gitignore']) cpSync(join(ROOT, name), join(folder, name))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, text] of Object.entries({ 'test/some.test.ts': A_TEST, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

/** Runs the check as `make check` does, but there. */
function runCheck(name: string, folder: string): Promise<{ readonly ok: boolean; readonly output: string }> {
  const [program = '', ...args] = CHECKS.find((check) => check.name === name)?.command ?? []
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; output: string }>()
  execFile(join(ROOT, 'node_modules/.bin', program), args, { cwd: folder }, (error, stdout, stderr) =>
    resolve({ ok: error === null, output: stdout + stderr }),
  )
  return promise
}

const SETTINGS = ['proto/buf.yaml', 'src/console/page/tsconfig.json']
const A_TEST = `import { it } from 'vitest'\n\nit('runs', () => {})\n`
const USES = `import { first } from './first.ts'\n\nconsole.log(first)\n`
const PROTO = `syntax = "proto3";

package sealstone.v1;

// A thing of this test.
message Thing {
  // What it is called; at most 63 characters.
  string name = 1;
}
`

describe.each<{ check: string; rule: string; good: Files; bad: Files; finding: string }>([
  {
    check: 'types',
    rule: 'a wrong type',
    good: { 'src/first.ts': 'export const first: number = 1\n' },
    bad: { 'src/first.ts': "export const first: number = 'one'\n" },
    finding: 'TS2322',
  },
  {
    check: 'types',
    rule: 'an item of a list that may be missing',
    good: { 'src/first.ts': 'export const first = (list: number[]): number => list[0] ?? 0\n' },
    bad: { 'src/first.ts': 'export const first = (list: number[]): number => list[0]\n' },
    finding: 'TS2322',
  },
  {
    check: 'types',
    rule: 'syntax that cannot be stripped away',
    good: { 'src/first.ts': "export const first = { Red: 'red' } as const\n" },
    bad: { 'src/first.ts': "export enum First { Red = 'red' }\n" },
    finding: 'TS1294',
  },
  {
    check: 'page types',
    rule: 'what only a server has',
    good: { 'src/console/page/first.tsx': 'export const first = document.title\n' },
    bad: { 'src/console/page/first.tsx': 'export const first = process.title\n' },
    finding: 'TS2591',
  },
  {
    check: 'lint',
    rule: 'a promise that nobody waits for',
    good: { 'src/first.ts': 'async function work(): Promise<void> {}\n\nexport const first = async () => work()\nawait work()\n' },
    bad: { 'src/first.ts': 'async function work(): Promise<void> {}\n\nexport const first = async () => work()\nwork()\n' },
    finding: 'no-floating-promises',
  },
  {
    check: 'lint',
    rule: 'a lost cause',
    good: { 'src/first.ts': caught("new Error('failed', { cause: error })") },
    bad: { 'src/first.ts': caught("new Error('failed')") },
    finding: 'preserve-caught-error',
  },
  {
    check: 'lint',
    rule: 'a switch that forgets a case',
    good: { 'src/first.ts': switching("case 'a':\n      return 1\n    case 'b':\n      return 2") },
    bad: { 'src/first.ts': switching("case 'a':\n      return 1") },
    finding: 'switch-exhaustiveness-check',
  },
  {
    check: 'lint',
    rule: 'a test that is left out',
    good: { 'test/first.test.ts': "import { it } from 'vitest'\n\nit('does', () => {})\n" },
    bad: { 'test/first.test.ts': "import { it } from 'vitest'\n\nit.skip('does', () => {})\n" },
    finding: 'no-disabled-tests',
  },
  {
    check: 'dead code',
    rule: 'an export that nobody uses',
    good: { 'src/cli/first.ts': 'export const first = 1\n', 'src/cli/main.ts': USES },
    bad: { 'src/cli/first.ts': 'export const first = 1\nexport const second = 2\n', 'src/cli/main.ts': USES },
    finding: 'second',
  },
  {
    check: 'dead code',
    rule: 'a file that nobody uses',
    good: { 'src/cli/first.ts': 'export const first = 1\n', 'src/cli/main.ts': USES },
    bad: { 'src/cli/first.ts': 'export const first = 1\n', 'src/cli/main.ts': USES, 'src/cli/lost.ts': 'console.log()\n' },
    finding: 'src/cli/lost.ts',
  },
  {
    check: 'format',
    rule: 'text that is not formatted',
    good: { 'src/first.ts': "export const first = { one: 'a' }\n" },
    bad: { 'src/first.ts': 'export const first = {one: "a"};\n' },
    finding: 'src/first.ts',
  },
  {
    check: 'proto',
    rule: 'a field without a comment',
    good: { 'proto/sealstone/v1/first.proto': PROTO },
    bad: { 'proto/sealstone/v1/first.proto': PROTO.replace(/ {2}\/\/.*\n/, '') },
    finding: 'Field "name" should have a non-empty comment',
  },
  {
    check: 'proto',
    rule: 'a name against the style',
    good: { 'proto/sealstone/v1/first.proto': PROTO },
    bad: { 'proto/sealstone/v1/first.proto': PROTO.replace('string name', 'string itsName') },
    finding: 'should be lower_snake_case',
  },
])('the check of $check', ({ check, rule, good, bad, finding }) => {
  it(`finds ${rule}`, async () => {
    const settings = Object.fromEntries(SETTINGS.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
    const clean = await runCheck(check, withoutUnusedPackages(project({ ...settings, ...good })))
    const dirty = await runCheck(check, withoutUnusedPackages(project({ ...settings, ...bad })))
    expect(dirty).toMatchObject({ ok: false, output: expect.stringContaining(finding) })
    expect(clean.ok, clean.output).toBe(true)
  })
})

it('covers every check', () => {
  expect(CHECKS.map(({ name }) => name).sort()).toEqual(['dead code', 'format', 'lint', 'page types', 'proto', 'types'])
})

// The planted project uses none of our packages, and that is not what is looked for.
function withoutUnusedPackages(folder: string): string {
  const settings = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
  const { dependencies: _, optionalDependencies: __, bin: ___, devDependencies: ____, ...kept } = settings
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...kept, devDependencies: { vitest: '*' } }, null, 2)}\n`)
  return folder
}

function caught(thrown: string): string {
  return `export function first(): void {\n  try {\n    console.log()\n  } catch (error) {\n    throw ${thrown}\n  }\n}\n`
}

function switching(cases: string): string {
  return `export function first(kind: 'a' | 'b'): number {\n  switch (kind) {\n    ${cases}\n  }\n  return 0\n}\n`
}
