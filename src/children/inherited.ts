/** Descriptors that this process was started with and would hand on to its own children: of a shell, a supervisor, whoever started it. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Those from 4 on; below are a child's standard ones and its channel. Node has its own closed in children, and the lowest of what it was started with,
 * but not those above a gap. proc(5): `flags` of `fdinfo` are octal and tell O_CLOEXEC.
 */
export function inheritableDescriptors(): number[] {
  return listed()
    .map(Number)
    .filter((descriptor) => descriptor > CHANNEL && isHandedOn(descriptor))
}

/** Where there is no descriptor left to read the folder with, there is none to start a child with either, which says so. */
function listed(): string[] {
  try {
    return readdirSync(FOLDER)
  } catch {
    return []
  }
}

function isHandedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`${FOLDER}/${descriptor}`, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
  } catch {
    return false // it was the one that listed the folder, or another thread has closed it
  }
}

const FOLDER = '/proc/self/fdinfo'
const CHANNEL = 3
/** O_CLOEXEC of Linux, fcntl.h. */
const CLOSE_ON_EXEC = 0o2000000
