/** A full disk under the log, a real one: a small tmpfs in a mount namespace of its own, so that nothing is left mounted. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary.ts'

it('refuses while the disk is full, lives, and goes on without a restart when there is space again', () => {
  const folder = temporaryFolder()
  // Root may mount in a mount namespace; anybody else needs a user namespace around it.
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--map-root-user', '--mount']
  const shell = 'mount -t tmpfs -o size=6m tmpfs "$1" && exec "$2" "$3" "$1"'
  const script = fileURLToPath(new URL('fill-disk.ts', import.meta.url))
  const child = spawnSync('unshare', [...namespaces, 'sh', '-c', shell, 'sh', folder, process.execPath, script], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(child.error, 'this test needs unshare (util-linux) to mount a small tmpfs').toBeUndefined()
  expect(child.stderr, 'this test needs to be root or to have user namespaces, to mount a small tmpfs').toBe('')
  expect(child.status).toBe(0)

  const report = JSON.parse(child.stdout) as Record<string, unknown>
  expect(report).toMatchObject({
    full: { code: 'AUDIT_UNAVAILABLE', hint: 'free disk space; nothing has to be restarted', retryable: true },
    codesWhileFull: ['AUDIT_UNAVAILABLE'],
    leavesWhileFull: 0,
    entriesWhenFull: 5,
    nextIndex: 0,
    receiptIndex: 0,
    sizeAfter: 1,
    sizeReopened: 0,
    answersOfRefused: 0,
  })
  expect(report['written']).toBeGreaterThan(50)
  expect(report['freeBytesWhenFull']).toBeLessThan(100_000)
})
