/** `sealstone run` through the real process: what the command gets, what it says goes through, and that nothing stays behind. */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { openPrivateFolder } from '../../src/launch/private-folder.ts'
import { nextLine } from '../support/lines.ts'
import { tinyModel } from '../support/models.ts'
import { LAUNCHER, PROJECT } from '../support/sealstone.ts'
import { typeOnTerminal } from '../support/terminal.ts'
import { COPY, DESCRIPTORS, SIGNER, signedModel } from './support.ts'

describe('what the command gets', () => {
  it.each([
    ['descriptors', DESCRIPTORS],
    ['copy', COPY],
    ['none', ['--guard', 'none']],
    ['auto', ['--copy-limit', '1000000']],
  ])('is the verified files, by %s, and nothing stays behind', async (_, guard) => {
    using stand = await signedModel()
    const script = 'cat "$1/config.json" "$SEALSTONE_MODEL/weights/a.bin"; echo; echo "$SEALSTONE_MODEL_ROOT"'
    const { code, stdout, stderr } = await stand.run(['--model', stand.model, ...guard, '--', 'sh', '-c', script, 'sh', '{model}'])
    expect(stderr).toMatch(/^verified {2}.* {2}sha256:[0-9a-f]{64} {2}signed by default {2}guard: /)
    expect(stdout).toMatch(/^\{"layers":2\}\nAAAA\nsha256:[0-9a-f]{64}\n$/)
    expect(code).toBe(0)
    expect(existsSync(join(stand.home, 'run')) ? readdirSync(join(stand.home, 'run')) : ['lock']).toEqual(['lock'])
  })

  it('has only the files that were verified', async () => {
    using stand = await signedModel()
    writeFileSync(join(stand.model, 'sitecustomize.py'), 'import os')
    mkdirSync(join(stand.model, 'cache'))
    writeFileSync(join(stand.model, 'cache/evil.py'), 'import os')
    const args = ['--model', stand.model, ...COPY, '--ignore', 'cache', '--ignore-unsigned-files']
    const { code, stdout, stderr } = await stand.run([...args, '--', 'sh', '-c', 'cd {model} && find . -type f | sort'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: './config.json\n./weights/a.bin\n./weights/b.bin\n' })
    expect(stderr).toContain('1 file not signed and ignored: "sitecustomize.py"')
  })

  it('is a file of the same name where the model is a single file', async () => {
    using stand = await signedModel()
    const file = join(stand.folder, 'tiny.gguf')
    writeFileSync(file, 'GGUF')
    const { modelSig, hybridSig } = await SIGNER.sign(file)
    writeFileSync(join(stand.folder, 'model.sig'), modelSig)
    writeFileSync(join(stand.folder, 'model.hybrid.sig'), hybridSig)
    for (const guard of [DESCRIPTORS, COPY]) {
      const { code, stdout } = await stand.run(['--model', file, ...guard, '--', 'sh', '-c', 'echo {model}; cat {model}'])
      expect(stdout).toMatch(/\/tiny\.gguf\nGGUF$/)
      expect(stdout).not.toContain(`${file}\n`)
      expect(code).toBe(0)
    }
  })

  it('is each of several models, by number', async () => {
    using stand = await signedModel()
    const second = tinyModel(join(stand.folder, 'second'))
    writeFileSync(join(second, 'config.json'), 'second')
    await SIGNER.signInto(second)
    const script =
      'cat {model2}/config.json "$SEALSTONE_MODEL_2/weights/a.bin" {model1}/config.json; test "$SEALSTONE_MODEL_ROOT_1" != "$SEALSTONE_MODEL_ROOT_2"'
    const { code, stdout } = await stand.run(['--model', stand.model, '--model', second, ...DESCRIPTORS, '--', 'sh', '-c', script])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'secondAAAA{"layers":2}\n' })
    const third = await stand.run(['--model', stand.model, '--', 'echo', '{model3}'])
    expect(third).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: \{model3\} is asked for, but there is 1 model\n/) })
  })

  it('keeps its arguments, empty ones too, and the environment without variables that may be secrets', async () => {
    using stand = await signedModel()
    const script = 'printf "[%s]" "$@"; echo "$OTHER $SEALSTONE_PIN"'
    const env = { OTHER: 'kept', SEALSTONE_PIN: 'secret' }
    const { stdout } = await stand.run(['--model', stand.model, ...DESCRIPTORS, '--', 'sh', '-c', script, 'sh', '', '--json', 'a b'], { env })
    expect(stdout).toBe('[][--json][a b]kept \n')
  })
})

describe('the streams and the status', () => {
  it('are those of the command, and JSON events go to standard error', async () => {
    using stand = await signedModel()
    const talk = stand.start(['--json', '--model', stand.model, ...DESCRIPTORS, '--', 'sh', '-c', 'cat; echo words >&2; exit 42'])
    talk.child.stdin?.end('what was typed')
    const { code, stdout, stderr } = await talk.ended
    expect({ code, stdout }).toEqual({ code: 42, stdout: 'what was typed' })
    const [event = '', words] = stderr.split('\n')
    expect(JSON.parse(event)).toMatchObject({
      event: 'model-verified',
      model: stand.model,
      ok: true,
      guard: 'descriptors',
      root: expect.stringMatching(/^sha256:/),
    })
    expect(words).toBe('words')
  })

  it('say the signal that ended the command as shells do', async () => {
    using stand = await signedModel()
    expect((await stand.run(['--model', stand.model, ...DESCRIPTORS, '--', 'sh', '-c', 'kill -KILL $$'])).code).toBe(137)
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('pass %s on to the command, whose status counts', async (signal) => {
    using stand = await signedModel()
    const script = `trap 'echo caught; exit 7' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
    const talk = stand.start(['--model', stand.model, ...DESCRIPTORS, '--', 'sh', '-c', script])
    await talk.said('ready')
    talk.child.kill(signal)
    expect(await talk.ended).toMatchObject({ code: 7, stdout: 'ready\ncaught\n' })
  })

  it('leave Ctrl-C to the terminal, which tells the command once', async () => {
    using stand = await signedModel()
    const script = `let n = 0; const end = () => { console.log('told', n, 'times'); process.exit() }
      process.on('SIGINT', () => n++ || setTimeout(end, 500)); setTimeout(end, 90_000); console.log('ready')`
    const typing = { home: stand.home, when: 'ready', type: '\u0003' }
    const { code, text } = await typeOnTerminal(
      [LAUNCHER, 'run', '--model', stand.model, ...DESCRIPTORS, '--', process.execPath, '-e', script],
      typing,
    )
    expect(text).toContain('told 1 times')
    expect(code).toBe(0)
  })

  it('end with 130 when Ctrl-C comes while the model is read, and nothing stays behind', async () => {
    using stand = await signedModel()
    truncateSync(join(stand.model, 'weights/a.bin'), 1_000_000_000_000)
    const talk = stand.start(['--model', stand.model, ...DESCRIPTORS, '--progress', 'json', '--', 'echo', 'started'])
    await nextLine(talk.child.stderr) // of its progress
    talk.child.kill('SIGINT')
    expect(await talk.ended).toMatchObject({ code: 130, stdout: '' })
    expect(readdirSync(join(stand.home, 'run'))).toEqual(['lock'])
  })

  it('name a command that is not there, with 2 and an error line', async () => {
    using stand = await signedModel()
    const { code, stderr } = await stand.run(['--model', stand.model, ...DESCRIPTORS, '--', 'no-such-command'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/\nerror: the command no-such-command is not there\nhint: /)
  })
})

describe('the command is not started', () => {
  it('for a model that was tampered with', async () => {
    using stand = await signedModel()
    writeFileSync(join(stand.model, 'weights/a.bin'), 'AAAB')
    for (const guard of [DESCRIPTORS, COPY]) {
      const { code, stdout, stderr } = await stand.run(['--model', stand.model, ...guard, '--', 'echo', 'started'])
      expect({ code, started: stdout.includes('started') }).toEqual({ code: 1, started: false })
      expect(stderr).toMatch(/^error: .*1 changed/)
    }
    expect(readdirSync(join(stand.home, 'run'))).toEqual(['lock'])
  })

  it('for a model without signatures, one with a link, and one of two', async () => {
    using stand = await signedModel()
    const second = tinyModel(join(stand.folder, 'second'))
    const unsigned = await stand.run(['--model', stand.model, '--model', second, '--', 'echo', 'started'])
    expect(unsigned).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('error: there is no signature') })
    rmSync(join(stand.model, 'config.json'))
    symlinkSync('/etc/passwd', join(stand.model, 'config.json'))
    const linked = await stand.run(['--model', stand.model, '--', 'echo', 'started'])
    expect(linked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('is a symbolic link') })
  })

  it('where the guard asked for does not work, with the reason', async () => {
    using stand = await signedModel()
    const copy = await stand.run(['--model', stand.model, '--guard', 'copy', '--', 'echo', 'started'])
    expect(copy).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: a copy is 21 bytes, the limit is 0\nhint: allow it with --copy-limit 21/),
    })
    const shared = join(stand.folder, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o777)
    const open = await stand.run(['--model', stand.model, ...COPY, '--guard-dir', join(shared, 'guard'), '--', 'echo', 'started'])
    expect(open).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('shared can be written by others') })
  })
})

it('removes what a run that was killed left behind, and nothing of one that runs', async () => {
  using stand = await signedModel()
  const args = ['--model', stand.model, ...COPY, '--', 'sh', '-c']
  const killed = stand.start([...args, 'echo pid $$; exec sleep 60'])
  const orphan = Number(/pid (\d+)/.exec(await killed.said('\n'))?.[1])
  const living = stand.start([...args, 'echo here; read line; cat {model}/config.json'])
  await living.said('here')
  killed.child.kill('SIGKILL')
  process.kill(orphan)
  await killed.ended
  expect(readdirSync(join(stand.home, 'run'))).toHaveLength(3)
  await stand.run([...args, 'true'])
  expect(readdirSync(join(stand.home, 'run'))).toHaveLength(2)
  living.child.stdin?.end('\n')
  expect(await living.ended).toMatchObject({ code: 0, stdout: 'here\n{"layers":2}\n' })
  expect(readdirSync(join(stand.home, 'run'))).toEqual(['lock'])
})

it('runs that begin and end at the same time do not disturb each other, and leave nothing', async () => {
  using stand = await signedModel()
  const home = join(stand.home, 'run')
  const script = `import { openPrivateFolder } from ${JSON.stringify(join(PROJECT, 'src/launch/private-folder.ts'))}
    for (let i = 0; i < 150; i++) { using folder = await openPrivateFolder(${JSON.stringify(home)}) }`
  const runs = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script]))
  await Promise.all(runs)
  using last = await openPrivateFolder(home)
  expect(readdirSync(home).sort()).toEqual(['lock', basename(dirname(last.path))])
})
