/** Help, usage errors and exit codes, through the real process. */
import { describe, expect, it } from 'vitest'
import { run } from '../support/sealstone.ts'

const COMMANDS = [
  'init',
  'serve',
  'sign',
  'verify',
  'hash',
  'doctor',
  'keys',
  'keys list',
  'keys show',
  'keys export',
  'audit',
  'audit list',
  'audit show',
  'audit report',
  'audit export',
  'audit receipt',
  'audit verify',
  'audit prove',
  'audit publish',
  'audit watch',
  'audit diff',
  'audit fsck',
  'audit console',
  'audit resolve',
  'audit witness',
  'mcp sign',
  'mcp verify',
  'mcp diff',
  'mcp approve',
]

describe('help', () => {
  it.each(COMMANDS)('of `%s` goes to standard output and shows an example', async (command) => {
    const { code, stdout, stderr } = await run([...command.split(' '), '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: sealstone ${command}`)
    expect(stdout).toMatch(new RegExp(`Examples:\\n +sealstone ${command} ?`))
    expect(stderr).toBe('')
  })

  it('lists exactly the commands that there are, and the exit codes', async () => {
    const { stdout } = await run(['--help'])
    const listed = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:')).matchAll(/^ {2}([a-z]+)/gm)
    expect([...listed].map((match) => match[1])).toEqual([
      'sign',
      'verify',
      'run',
      'hash',
      'diff',
      'init',
      'serve',
      'doctor',
      'keys',
      'audit',
      'mcp',
      'bench',
      'help',
    ])
    expect(stdout).toContain('Exit codes: 0 ok, 1 verification failed, 2 usage or bad input, 3 daemon or token unavailable')
  })

  it('of no command at all is a usage error', async () => {
    const { code, stdout, stderr } = await run([])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: sealstone')
    expect(stderr).toMatch(/^error: no command was given$/m)
  })
})

describe('usage errors exit with 2 and say what to do', () => {
  it.each([
    [['verfy', 'x'], "error: unknown command 'verfy'", 'did you mean verify?'],
    [['verify', 'x', '--ignore-unsigned-fils'], "error: unknown option '--ignore-unsigned-fils'", 'did you mean --ignore-unsigned-files?'],
    [['keys', 'lst'], "error: unknown command 'lst'", 'did you mean list?'],
    [['verify'], "error: missing required argument 'model'", '--help'],
    [['verify', 'a', 'b'], 'error: too many arguments', '--help'],
    [
      ['verify', 'a', '--require', 'quantum'],
      "error: option '--require <kind>' argument 'quantum' is invalid. Allowed choices are hybrid, classical.",
      '--help',
    ],
    [['hash', 'a', '--shard-size', '0'], "error: option '--shard-size <bytes>' argument '0' is invalid. Want a whole number from 1.", '--help'],
    [['audit', 'list', '--since', 'yesterday'], "error: option '--since <time>' argument 'yesterday' is invalid.", '--help'],
    [['audit', 'list', '--kind', 'signature'], 'error: kind is "signature", want one of log-start, intent, outcome, refused, ', '--help'],
    [['audit', 'list', '--result', 'maybe'], 'Allowed choices are ok, error, unknown.', '--help'],
    [['audit', 'list', '--operation-id', 'x'], 'error: operation id is "x", want 32 hex digits', '--help'],
    [['audit', 'list', '--since', '2026-02-01', '--until', '2026-01-01'], 'error: the period ends at 2026-01-01', '--help'],
    [['audit', 'list', '--follow', '--until', '2026-01-01'], 'error: --until and --follow exclude each other', '--follow'],
    [['audit', 'show', '-1'], 'error: entry is "-1", want an index, an operation id of 32 hex digits, or a model.hybrid.sig', '--help'],
    [['audit', 'show', 'x'], 'error: entry is "x"', '--help'],
    [['audit', 'show', '9'.repeat(25)], 'error: index is "9999', '--help'],
    [['audit', 'receipt'], 'error: want the number of an entry, or --refresh and a file', '--help'],
    [['keys', 'export'], 'error: neither the name of a key nor --trust is given', 'keys export --help'],
    [['keys', 'export', 'default', '--trust'], 'error: --trust exports all keys', 'keys export --help'],
    [['keys', 'list', '--tls-ca', 'ca.pem'], 'error: --tls-ca, --tls-cert and --tls-key go together', 'pass all three'],
  ])('%j', async (args, message, hint) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.split('\n')[0]).toContain(message)
    expect(stderr.split('\n')[1]).toMatch(/^hint: /)
    expect(stderr.split('\n')[1]).toContain(hint)
  })

  it('are an object on standard output with --json', async () => {
    const { code, stdout, stderr } = await run(['verfy', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'USAGE', message: "unknown command 'verfy'", hint: 'did you mean verify? --help lists all' },
    })
    expect(stderr).toMatch(/^error: /)
  })
})

describe('the terminal', () => {
  it('gets no colours when it is not one', async () => {
    const { stderr } = await run(['verfy'])
    expect(stderr).not.toContain('\u001b')
  })

  it('gets no colours with NO_COLOR even where they are asked for', async () => {
    const coloured = await run(['verfy'], { env: { FORCE_COLOR: '1' } })
    expect(coloured.stderr).toContain('\u001b[')
    const plain = await run(['verfy'], { env: { NO_COLOR: '1' } })
    expect(plain.stderr).not.toContain('\u001b')
  })

  it('is told the version', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
  })
})
