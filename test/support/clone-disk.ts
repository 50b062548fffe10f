/** A real disk with copy-on-write clones: a Btrfs in a file, mounted in a mount namespace of its own, so that nothing is left mounted. */
import { spawnSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { temporaryFolder } from './temporary.ts'

/** Runs a shell script with the disk's path as `$1` and the other arguments after it; the disk is gone when it ends. */
export function runOnCloneDisk(
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { status: number | null; stdout: string; stderr: string } {
  const folder = temporaryFolder()
  const image = join(folder, 'image')
  writeFileSync(image, '')
  truncateSync(image, 128 * 1024 * 1024)
  const path = `${env['PATH']}:/usr/sbin:/sbin`
  const made = spawnSync('mkfs.btrfs', ['-q', image], { encoding: 'utf8', env: { ...env, PATH: path } })
  expect(made.error, 'this test needs mkfs.btrfs (btrfs-progs)').toBeUndefined()
  expect(made.status, made.stderr).toBe(0)
  // Only root may mount a disk with a real file system on it; the script is run by whoever runs the test.
  const [user, group] = [String(process.getuid?.() ?? 0), String(process.getgid?.() ?? 0)]
  const become = user === '0' ? [] : ['sudo', '--non-interactive', '--preserve-env', 'env', `PATH=${path}`]
  const mount = `mkdir "$1/disk" && mount -o loop "$1/image" "$1/disk" && chown "$2:$3" "$1/disk" || { echo 'this test needs to be root, to mount a disk' >&2; exit 99; }
    disk=$1/disk user=$2 group=$3 script=$4; shift 4; exec setpriv --reuid="$user" --regid="$group" --clear-groups sh -c "$script" sh "$disk" "$@"`
  const [command = '', ...rest] = [...become, 'unshare', '--mount', 'sh', '-c', mount, 'sh', folder, user, group, script, ...args]
  const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8', timeout: 100_000, env: { ...env, PATH: path } })
  expect(status, stderr).not.toBe(99)
  return { status, stdout, stderr }
}
