/** Before all tests: where the state directory is kept that most of them begin with a copy of. Made when the first one asks. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export default function prepare(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-homes-'))
  process.env['SEALSTONE_TEST_HOMES'] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
