/** A real small disk: a tmpfs in a mount namespace of its own, so that nothing is left mounted. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { temporaryFolder } from './temporary.ts'

/** Runs a script with the disk's path as its argument; what it prints is JSON. */
export function runOnSmallDisk(script: URL, sizeMiB: number): Record<string, unknown> {
  // Root may mount in a mount namespace; anybody else needs a user namespace around it.
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--map-root-user', '--mount']
  const shell = `mount -t tmpfs -o size=${sizeMiB}m,mode=0700 tmpfs "$1" && exec "$2" "$3" "$1"`
  const command = ['sh', '-c', shell, 'sh', temporaryFolder(), process.execPath, fileURLToPath(script)]
  const child = spawnSync('unshare', [...namespaces, ...command], { encoding: 'utf8', timeout: 100_000 })
  expect(child.error, 'this test needs unshare (util-linux) to mount a small tmpfs').toBeUndefined()
  expect(child.stderr, 'this test needs to be root or to have user namespaces, to mount a small tmpfs').toBe('')
  expect(child.status).toBe(0)
  return JSON.parse(child.stdout) as Record<string, unknown>
}
