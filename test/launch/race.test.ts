/** Between check and use: somebody swaps, overwrites, renames and removes files, and what is read is what was verified, or it is told. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { type Guard, prepareModel } from '#launch'
import { nextLine } from '../support/lines.ts'
import { PROJECT } from '../support/sealstone.ts'
import { COPY, DESCRIPTORS, type Stand, signedModel } from './support.ts'

/** The model's own files do not matter any more. */
const NAMES = ['config.json', 'weights/a.bin', 'weights/b.bin']

describe.each([
  ['descriptors', DESCRIPTORS],
  ['copy', COPY],
] as const)('with %s', (guard, options) => {
  it('the command reads the verified bytes after the files were renamed over, removed, and their folder was replaced', async () => {
    using stand = await signedModel()
    const swap = 'cd "$1" && echo EVIL >new && mv new config.json && rm weights/a.bin && mv weights gone && mkdir weights && echo EVIL >weights/b.bin'
    const read = `cat ${NAMES.map((name) => `"$2/${name}"`).join(' ')}`
    const { code, stdout, stderr } = await stand.run([
      '--model',
      stand.model,
      ...options,
      '--',
      'sh',
      '-c',
      `(${swap}) && ${read}`,
      'sh',
      stand.model,
      '{model}',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"layers":2}\nAAAABBBB' })
    expect(stderr.includes('were replaced or removed') || stderr.includes('was replaced or removed')).toBe(guard === 'descriptors')
  })

  it('a link that was allowed leads elsewhere afterwards, and the command reads the file that it led to', async () => {
    using stand = await signedModel()
    const file = join(stand.model, 'weights/a.bin')
    renameSync(file, join(stand.folder, 'blob'))
    symlinkSync(join(stand.folder, 'blob'), file)
    const script = 'echo EVIL >"$1/evil"; ln -sf "$1/evil" "$1/model/weights/a.bin"; cat {model}/weights/a.bin'
    const args = ['--model', stand.model, '--allow-symlinks', ...options, '--', 'sh', '-c', script, 'sh', stand.folder]
    expect(await stand.run(args)).toMatchObject({ code: 0, stdout: 'AAAA' })
    expect((await stand.run(args)).code).toBe(1)
  })

  it('a writer that renames over a file all the time never gets a byte in', async () => {
    using stand = await signedModel()
    const { allowed, refused } = await racing(stand, 'rename', guard)
    expect(allowed.every(({ content }) => content === 'AAAA')).toBe(true)
    expect(allowed.every(({ changed }) => !changed)).toBe(true)
    expect(refused).toBeGreaterThan(0)
  })

  it('a writer that overwrites a file all the time is refused or told', async () => {
    using stand = await signedModel()
    const { allowed, refused } = await racing(stand, 'in-place', guard)
    expect(allowed.every(({ content, changed }) => content === 'AAAA' || (guard === 'descriptors' && changed))).toBe(true)
    expect(refused).toBeGreaterThan(0)
  })
})

describe('what descriptors cannot keep out is told, and the status is 1', () => {
  it('a file that is overwritten in place; what the command started is stopped too, also where its parent has gone', async () => {
    using stand = await signedModel()
    // A child of the shell, a child of that one, and one whose parent has ended, in a session of its own.
    const children = `sh -c 'sleep 600 & echo $!; wait' & echo $!; setsid sh -c 'sleep 600 & echo $!' & wait $!`
    const script = `${children}; printf EVIL >"$1/weights/a.bin"; wait; sleep 600`
    const args = ['--model', stand.model, ...DESCRIPTORS, '--', 'sh', '-c', script, 'sh', stand.model]
    const { code, stdout } = await stand.run(args)
    expect(code).toBe(1)
    const started = stdout.trim().split('\n').map(Number)
    expect(started).toHaveLength(3)
    expect(started.filter(isRunning)).toEqual([])
  })

  it('a file that is overwritten in place; the command is stopped', async () => {
    using stand = await signedModel()
    const script = `trap 'cat {model}/weights/a.bin; exit' TERM; printf EVIL >"$1/weights/a.bin"; while :; do sleep 0.05; done`
    const { code, stdout, stderr } = await stand.run(['--model', stand.model, ...DESCRIPTORS, '--', 'sh', '-c', script, 'sh', stand.model])
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'EVIL' })
    expect(stderr).toMatch(/\nerror: weights\/a\.bin of .* changed after it was verified: mtime .*\nhint: do not use what the command made/)
  })

  it('one whose bytes and time of change were put back', async () => {
    using stand = await signedModel()
    await using prepared = await prepare(stand, 'descriptors')
    const file = join(stand.model, 'weights/a.bin')
    const { atime, mtime } = statSync(file)
    writeFileSync(file, 'EVIL')
    writeFileSync(file, 'AAAA')
    utimesSync(file, atime, mtime)
    expect(await prepared.findChanges()).toEqual([{ name: 'weights/a.bin', what: expect.stringMatching(/ctime/), harmless: false }])
    expect(await prepared.findChanges()).toEqual([])
  })

  it('one that is written through a memory map which was there, and written to, before the check', async () => {
    using stand = await signedModel(join(PROJECT, '.cache')) // on a disk: in memory a map tells nothing
    const program =
      'import mmap,sys\nf=open(sys.argv[1],"r+b")\nm=mmap.mmap(f.fileno(),0)\nm[0:4]=b"AAAA"\nprint("mapped",flush=True)\nsys.stdin.readline()\nm[0:4]=b"EVIL"\nprint("written",flush=True)\nsys.stdin.readline()'
    const writer = spawn('python3', ['-c', program, join(stand.model, 'weights/a.bin')], { stdio: ['pipe', 'pipe', 'inherit'] })
    await nextLine(writer.stdout)
    await using prepared = await prepare(stand, 'descriptors')
    expect(prepared.verdict.ok).toBe(true)
    expect(await prepared.findChanges()).toEqual([])
    writer.stdin.write('\n')
    await nextLine(writer.stdout)
    expect(readFileSync(join(prepared.path, 'weights/a.bin'), 'utf8')).toBe('EVIL')
    expect(await prepared.findChanges()).toMatchObject([{ name: 'weights/a.bin', harmless: false }])
    await end(writer)
  })

  it('one that was removed and overwritten before', async () => {
    using stand = await signedModel()
    await using prepared = await prepare(stand, 'descriptors')
    const file = join(stand.model, 'weights/a.bin')
    renameSync(file, join(stand.folder, 'elsewhere'))
    const { atime, mtime } = statSync(join(stand.folder, 'elsewhere'))
    writeFileSync(join(stand.folder, 'elsewhere'), 'EVIL')
    utimesSync(join(stand.folder, 'elsewhere'), atime, mtime)
    rmSync(join(stand.folder, 'elsewhere'))
    expect(await prepared.findChanges()).toMatchObject([{ name: 'weights/a.bin', harmless: false }])
  })
})

it('a look that is cancelled while it reads again answers nothing, and the next one finds what it would have found', async () => {
  using stand = await signedModel()
  await using prepared = await prepare(stand, 'descriptors')
  rmSync(join(stand.model, 'weights/a.bin'))
  await expect(prepared.findChanges(AbortSignal.abort())).rejects.toThrow('aborted')
  expect(await prepared.findChanges()).toMatchObject([{ name: 'weights/a.bin', harmless: true }])
})

it('descriptors are not chosen for a model in memory, where a write through a map leaves no trace', async () => {
  using stand = await signedModel('/dev/shm')
  await using prepared = await prepare(stand, 'auto')
  expect(prepared.guard).toBe('copy')
  expect(prepared.notes).toContainEqual(expect.stringContaining('descriptors: the file system of the model does not tell of every change'))
  await using forced = await prepare(stand, 'descriptors')
  expect(forced.notes).toEqual(['the file system of the model does not tell of every change: one in place may go unseen'])
})

it('a copy in which the command itself writes is told too', async () => {
  using stand = await signedModel()
  const { code, stderr } = await stand.run([
    '--model',
    stand.model,
    ...COPY,
    '--',
    'sh',
    '-c',
    'chmod 600 {model}/config.json; echo x >>{model}/config.json',
  ])
  expect(code).toBe(1)
  expect(stderr).toContain('error: config.json of ')
})

it('a named pipe that takes the place of a file is refused and not waited for', async () => {
  using stand = await signedModel()
  rmSync(join(stand.model, 'config.json'))
  mkdirSync(join(stand.folder, 'x'))
  const made = spawn('mkfifo', [join(stand.model, 'config.json')])
  await once(made, 'close')
  await expect(prepare(stand, 'copy')).rejects.toThrow('is a named pipe')
})

function prepare(stand: Stand, guard: Guard): ReturnType<typeof prepareModel> {
  return prepareModel({
    path: stand.model,
    trust: { kind: 'trust-file', path: join(stand.home, 'trust.json') },
    guard,
    guardFolder: join(stand.home, 'run'),
    copyLimitBytes: 1_000_000,
  })
}

interface Outcomes {
  readonly allowed: { readonly content: string; readonly changed: boolean }[]
  readonly refused: number
}

/** Prepares again and again while the writer is at work; what was allowed is read and then looked at for changes. */
async function racing(stand: Stand, how: 'rename' | 'in-place', guard: Guard): Promise<Outcomes> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'swap.ts'), how, join(stand.model, 'weights/a.bin')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await nextLine(writer.stdout)
  const outcomes: Outcomes & { refused: number } = { allowed: [], refused: 0 }
  for (let number = 0; number < ROUNDS || outcomes.refused === 0; number++) {
    try {
      await using prepared = await prepare(stand, guard)
      if (!prepared.verdict.ok) {
        outcomes.refused++
        continue
      }
      const content = readFileSync(join(prepared.path, 'weights/a.bin'), 'utf8')
      outcomes.allowed.push({ content, changed: (await prepared.findChanges()).some(({ harmless }) => !harmless) })
    } catch (error) {
      if (!(error instanceof SealstoneError && ['MODEL_CHANGED', 'FILE_UNREADABLE'].includes(error.code))) throw error
      outcomes.refused++
    }
  }
  await end(writer)
  return outcomes
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close')
  child.stdin?.end('\n')
  await ended
}

const ROUNDS = 25

/** One that has ended may wait for whoever is its parent now. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
