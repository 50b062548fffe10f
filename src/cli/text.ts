/** Text for terminals: foreign text made harmless, sizes and tables made readable. */
import { UNSAFE_CHARACTERS } from '#core'

export { visible } from '#core'

/** JSON on one line with the same characters escaped, so that it is as safe to look at as to parse. 64-bit numbers over 2^53 become strings. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, (_name, member: unknown) => (typeof member === 'bigint' ? jsonNumber(member) : member))
  return text.replaceAll(UNSAFE_CHARACTERS, (character) =>
    [...Array(character.length).keys()].map((at) => escapeUnit(character.charCodeAt(at))).join(''),
  )
}

/** `1.5 MB`: decimal units, three figures. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${UNITS[unit]}`
}

/** `1 file`, `2 files`, `2 entries`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`
}

/** Cut in the middle, where names of callers and models differ least: `spiffe://exa…registry`. */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text)
  if (characters.length <= length) return text
  const tail = Math.floor((length - 1) / 2)
  return `${characters.slice(0, length - 1 - tail).join('')}…${tail === 0 ? '' : characters.slice(-tail).join('')}`
}

/** Columns padded to their widest cell, two spaces between them; no trailing space. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function jsonNumber(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB']
