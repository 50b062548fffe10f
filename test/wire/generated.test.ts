/** What is derived from other files is what they say now. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE } from '#core'
import { errorsDocument } from '../support/errors-document.ts'
import { compileDescriptors, DESCRIPTORS_FILE, ERRORS_FILE, generateTypes, readFolder, TYPES_FOLDER } from '../support/generate.ts'

const ROOT = join(import.meta.dirname, '../..')

describe('generated files', () => {
  it('are what the proto files say: node test/support/generate.ts', () => {
    const fresh = generateTypes()
    expect(fresh.size).toBeGreaterThan(30)
    expect(Object.fromEntries(readFolder(join(ROOT, TYPES_FOLDER)))).toEqual(Object.fromEntries(fresh))
  })

  it('describe the services to reflection as the proto files do: node test/support/generate.ts', () => {
    expect(readFileSync(join(ROOT, DESCRIPTORS_FILE)).equals(compileDescriptors())).toBe(true)
  })

  it('are what the error catalogue says, every code in it: node test/support/generate.ts', () => {
    const document = readFileSync(join(ROOT, ERRORS_FILE), 'utf8')
    expect(document).toBe(errorsDocument())
    for (const code of Object.keys(ERROR_CATALOGUE)) expect(document).toContain(`| \`${code}\` |`)
  })
})
