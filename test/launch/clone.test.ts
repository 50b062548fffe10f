/** Copy-on-write clones, on a real file system that has them: what the command reads cannot be changed through the model's own files. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runOnCloneDisk } from '../support/clone-disk.ts'
import { LAUNCHER } from '../support/sealstone.ts'
import { signedModel } from './support.ts'

const SHOW = 'cat {model}/config.json {model}/weights/a.bin {model}/weights/b.bin'

describe('on a disk with clones', () => {
  it('the clone is what is verified and read, whatever is written into the files or put in their place', async () => {
    using stand = await signedModel()
    const attack =
      'printf EVIL >"$SOURCE/weights/a.bin"; echo EVIL >"$SOURCE/new"; mv "$SOURCE/new" "$SOURCE/config.json"; rm "$SOURCE/weights/b.bin"'
    const script = `cp -r "$2" "$1/model"; SOURCE="$1/model" "$3" run --model "$1/model" --guard-dir "$1/guard" -- sh -c '${attack}; ${SHOW}; echo $SEALSTONE_MODEL'
      echo "status $?"; ls -A "$1/guard"`
    const { stdout, stderr } = runOnCloneDisk(script, [stand.model, LAUNCHER], environment(stand.home))
    expect(stdout).toMatch(/^\{"layers":2\}\nAAAABBBB.*\/disk\/guard\/run-\w+\/model\/model\nstatus 0\nlock\n$/)
    expect(stderr).toMatch(/^verified .* guard: clone\n$/)
  })

  it('a clone of a changed model is not used, and a writer that holds the file open cannot change one that is', async () => {
    using stand = await signedModel()
    const wait = (file: string) => `until [ -e "$DISK/${file}" ]; do sleep 0.01; done`
    // Opened before the clone is made, written to when the command runs.
    const script = `cp -r "$2" "$1/model"; export DISK="$1"
      (exec 5<>"$1/model/weights/a.bin"; touch "$1/open"; ${wait('go')}; printf EVIL >&5; touch "$1/written") &
      ${wait('open')}
      "$3" run --model "$1/model" --guard clone --guard-dir "$1/guard" -- sh -c 'touch "$DISK/go"; ${wait('written')}; ${SHOW}'; echo " status $?"
      "$3" run --model "$1/model" --guard clone --guard-dir "$1/guard" -- echo started; echo "status $?"`
    const { stdout, stderr } = runOnCloneDisk(script, [stand.model, LAUNCHER], environment(stand.home))
    expect(stdout).toMatch(/^\{"layers":2\}\nAAAABBBB status 0\nFAILED .*\n {2}changed +weights\/a\.bin/)
    expect(stdout).toMatch(/status 1\n$/)
    expect(stderr).toMatch(/error: .*1 changed/)
  })

  it('a folder for clones on another disk is no place for them, and the next guard is taken', async () => {
    using stand = await signedModel()
    const script = `cp -r "$2" "$1/model"; "$3" run --model "$1/model" --guard clone -- echo started; echo "status $?"; "$3" run --model "$1/model" -- echo started`
    const { status, stdout, stderr } = runOnCloneDisk(script, [stand.model, LAUNCHER], environment(stand.home))
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'status 2\nstarted\n' })
    expect(stderr).toMatch(
      new RegExp(`^error: ${join(stand.home, 'run')}.* is on another file system than the model\\nhint: .*\\nverified .*guard: descriptors\\n`),
    )
  })
})

function environment(home: string): NodeJS.ProcessEnv {
  return { ...process.env, NO_COLOR: '1', SEALSTONE_HOME: home }
}
