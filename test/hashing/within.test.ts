/** Below a root alone: links that are put in the way while a model is read lead nowhere. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SealstoneError } from '#core'
import { hashModel } from '#hashing'
import { expectRefusal, temporaryFolder } from './support.ts'

const SECRET = createHash('sha256').update('secret').digest('hex')
const OWN = createHash('sha256').update('own').digest('hex')

function folders(): { root: string; model: string; outside: string } {
  const folder = realpathSync(temporaryFolder())
  const [root, outside] = [join(folder, 'root'), join(folder, 'outside')]
  const model = join(root, 'model')
  mkdirSync(join(model, 'layer'), { recursive: true })
  mkdirSync(outside)
  writeFileSync(join(model, 'layer/w.bin'), 'own')
  writeFileSync(join(outside, 'w.bin'), 'secret')
  return { root, model, outside }
}

it('reads what is below, and refuses a directory that is not', async () => {
  const { root, model, outside } = folders()
  const manifest = await hashModel(model, { within: root })
  expect(manifest.resources.map(({ digest }) => digest.toHex())).toEqual([OWN])
  await expectRefusal(hashModel(outside, { within: root }), 'MODEL_CHANGED', 'replaced by a link')
  await expectRefusal(hashModel(join(outside, 'w.bin'), { within: root }), 'MODEL_CHANGED', 'w.bin changed')
})

it('does not even open for reading what is outside when the link comes after its directory was read, before its files are', async () => {
  const { root, model, outside } = folders()
  const swap = (): true => {
    if (!existsSync(join(root, 'aside'))) {
      renameSync(join(model, 'layer'), join(root, 'aside'))
      symlinkSync(outside, join(model, 'layer'))
    }
    return true
  }
  // Said of the file itself: without a root it is read, and refused only when the model is looked at once more.
  await expectRefusal(hashModel(model, { only: swap, within: root }), 'MODEL_CHANGED', 'layer/w.bin changed while it was read')
})

it('never gives the digest of what is outside, however a directory and a link change places', async () => {
  const { root, model, outside } = folders()
  symlinkSync(outside, join(root, 'link'))
  // As fast as a shell can: the directory, then a link out in its place, and back.
  const script = 'cd "$0" && while :; do mv model/layer aside; mv link model/layer; mv model/layer link; mv aside model/layer; done'
  const swapping = spawn('sh', ['-c', script, root], { stdio: 'ignore' })
  const outcomes = new Map<string, number>()
  try {
    for (const end = performance.now() + 1500; performance.now() < end || outcomes.size < 2; ) {
      const outcome = await hashModel(model, { within: root, allowEmpty: true }).then(
        ({ resources }) => resources.map(({ digest }) => digest.toHex()).join(),
        (error: unknown) => {
          if (error instanceof SealstoneError) return error.code
          throw error
        },
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  } finally {
    swapping.kill('SIGKILL')
  }
  expect([...outcomes.keys()]).not.toContain(SECRET)
  expect([...outcomes.keys()].filter((outcome) => !['', OWN, 'MODEL_CHANGED', 'MODEL_SYMLINK', 'FILE_UNREADABLE'].includes(outcome))).toEqual([])
  expect(outcomes.size).toBeGreaterThan(1)
})
