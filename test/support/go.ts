/** Programs in Go that tests compare with: built when their test starts. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @param module a folder under test/support. The modules it needs come from the module proxy that Go is set up with.
 * @param tool what to build of it: its own program, or a tool that its go.mod names
 */
export function buildGo(module: string, tool = '.'): string {
  const program = join(import.meta.dirname, '../../.cache/go', module)
  execFileSync(findGo(), ['build', '-o', program, tool], { cwd: join(import.meta.dirname, module), stdio: ['ignore', 'pipe', 'pipe'] })
  return program
}

/** Where its own installer puts it, or on the path. */
function findGo(): string {
  const usual = '/usr/local/go/bin/go'
  const program = existsSync(usual) ? usual : 'go'
  if (spawnSync(program, ['version']).status !== 0) throw new Error('this test needs Go 1.26 or newer: install it from https://go.dev/dl/')
  return program
}
