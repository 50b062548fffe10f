/** docs/faults.md speaks of log messages, error codes and files that there are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CATALOGUE } from '#core'
import { RETURN_VALUES } from '#token'

const ROOT = join(import.meta.dirname, '../..')
const document = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8')
const quoted = Array.from(document.matchAll(/`([^`]+)`/g), ([, text = '']) => text)

describe('docs/faults.md', () => {
  it('quotes messages that the daemon logs', () => {
    const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(join(ROOT, 'src', path), 'utf8'))
      .join('\n')
    const messages = quoted.filter((text) => text.includes(' ') && !/^(?:sealstone|node|make) /.test(text))
    expect(messages.length).toBeGreaterThan(8)
    expect(messages.filter((text) => !source.includes(`'${text}'`))).toEqual([])
  })

  it('names codes that are in the tables', () => {
    const known = [...Object.keys(ERROR_CATALOGUE), ...RETURN_VALUES.map(({ name }) => name)]
    const codes = quoted.filter((text) => /^[A-Z]+(?:_[A-Z]+)+$/.test(text) && text !== 'CKA_ID')
    expect(codes.length).toBeGreaterThan(10)
    expect(codes.filter((code) => !known.includes(code))).toEqual([])
  })

  it('links to pages that exist', () => {
    const links = Array.from(document.matchAll(/\]\(([^)#]+)\)/g), ([, path = '']) => path)
    expect(links.length).toBeGreaterThan(3)
    expect(links.filter((path) => !existsSync(join(ROOT, 'docs', path)))).toEqual([])
  })
})
