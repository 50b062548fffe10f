/** Names that a person takes for others. */
import { describe, expect, it } from 'vitest'
import { findLookAlikes } from '#toolsets'

describe('look-alikes', () => {
  it.each<[how: string, name: string]>([
    ['Cyrillic letters', 'rеаd_filе'],
    ['Greek letters', 'rεad_file'.replace('ε', 'e').replace('a', 'α')],
    ['mathematical letters', '𝐫𝐞𝐚𝐝_𝐟𝐢𝐥𝐞'],
    ['full-width letters', 'ｒｅａｄ＿ｆｉｌｅ'],
    ['case', 'Read_File'],
    ['a capital I for an l', 'read_fiIe'],
    ['a digit 1 for an l', 'read_fi1e'],
    ['a zero-width space', 'read\u200b_file'],
    ['a variation selector', 'read_file\ufe0f'],
    ['a tag character', 'read_file\u{e0041}'],
    ['a space at the end', 'read_file '],
    ['a direction mark', '\u202eread_file'],
  ])('are found by %s', (_, name) => {
    expect(findLookAlikes('tool', ['read_file', name], new Set([name]))).toEqual([expect.objectContaining({ name, like: 'read_file' })])
    expect(findLookAlikes('tool', [name, 'read_file'])).not.toEqual([])
  })

  it('are found alone, where a name only looks plain', () => {
    expect(findLookAlikes('tool', ['раура1'])).toEqual([
      { name: 'раура1', like: 'paypal', reason: 'the tool "раура1" is written with other characters than "paypal", which it looks like' },
    ])
    expect(findLookAlikes('tool', ['a\u200bb'])).toHaveLength(1)
  })

  it('are not seen in names that are merely alike, or of another language', () => {
    expect(findLookAlikes('tool', ['read_file', 'read_files', 'write_file', 'read-file', 'файл_читать', '读取文件', 'lösche_datei'])).toEqual([])
  })
})
