/** Everything that a command has started: its children and theirs, and those whose parents have gone. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * In the environment of a command and of what it starts. Whose parent has gone is found by it, on Linux; elsewhere only those that have one are
 * found. A process that clears its environment and leaves its parent is not.
 */
export const MARK = 'SEALSTONE_RUN'

/** Those that still run, the command itself first. @param mark value of the variable */
export function processesOf(command: number, mark: string): readonly number[] {
  const all = process.platform === 'linux' ? fromProc() : fromPs()
  const found = new Set<number>(all.has(command) ? [command] : [])
  for (const pid of all.keys()) if (pid !== process.pid && isMarked(pid, mark)) found.add(pid)
  // Whoever is a child of one that was found, until nobody is new.
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const [pid, parent] of all) if (found.has(parent)) found.add(pid)
  }
  return [...found]
}

/** Parents by process. proc_pid_stat(5): after the name in parentheses come state and ppid. A zombie has ended already. */
function fromProc(): ReadonlyMap<number, number> {
  const all = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const [state, parent] = readOr(`/proc/${name}/stat`, '').split(') ').at(-1)?.split(' ') ?? []
    if (parent !== undefined && state !== 'Z') all.set(Number(name), Number(parent))
  }
  return all
}

function fromPs(): ReadonlyMap<number, number> {
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return new Map(rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number]))
}

function isMarked(pid: number, mark: string): boolean {
  return process.platform === 'linux' && `\0${readOr(`/proc/${pid}/environ`, '')}`.includes(`\0${MARK}=${mark}\0`)
}

/** What has ended meanwhile, or is another user's, has nothing to read. */
function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
