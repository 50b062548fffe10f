/** Distinguished names as text (RFC 4514): read strictly, with a short list of attributes and the size limits of RFC 5280 appendix A. */
import { excerpt, fromHex, SealstoneError, utf8, utf8Text } from '#core'

export type AttributeName = keyof typeof ATTRIBUTES

export interface SubjectAttribute {
  readonly name: AttributeName
  readonly value: string
}

/** In the order of the text, which is the reverse of the order in a certificate (RFC 4514 §2.1). Throws INPUT_INVALID with the place. */
export function parseSubject(text: string): readonly SubjectAttribute[] {
  if (text.length > MAX_SUBJECT_CHARACTERS) throw invalid(`subject has ${text.length} characters, want at most ${MAX_SUBJECT_CHARACTERS}`)
  if (!text.isWellFormed()) throw invalid('subject holds a lone surrogate, want well-formed Unicode')
  const parts = splitAtCommas(text)
  if (parts.length > MAX_ATTRIBUTES) throw invalid(`subject has ${parts.length} attributes, want at most ${MAX_ATTRIBUTES}`)
  return parts.map(parseAttribute)
}

/** RFC 4514 §2.4. Control characters, which another issuer may have put there, come out as their bytes in hex. */
export function escapeValue(value: string): string {
  const escaped = value.replace(/["+,;<>\\]/g, '\\$&').replace(CONTROL, hexPairs)
  const ended = escaped.length > 1 ? escaped.replace(/ $/, '\\ ') : escaped
  return ended.replace(/^[ #]/, '\\$&')
}

function parseAttribute(part: string): SubjectAttribute {
  const equals = part.indexOf('=')
  if (equals === -1) throw invalid(`subject part ${excerpt(part)} has no =, want for example CN=default,O=Example`)
  const type = part.slice(0, equals)
  const name = NAMES.find((known) => known === type.toUpperCase())
  if (name === undefined) throw invalid(`subject attribute is ${excerpt(type)}, want one of ${NAMES.join(', ')}, with no space around it`)
  return { name, value: checkValue(name, parseValue(part.slice(equals + 1))) }
}

/** §3, `string`: what must be escaped is refused where it is not, so that one text has one meaning. */
function parseValue(text: string): string {
  if (/^[ #]/.test(text)) throw invalid(`subject value ${excerpt(text)} begins with a space or #, want a backslash before it`)
  const bytes: number[] = []
  for (let at = 0; at < text.length; ) {
    const { taken, encoded } = takeCharacter(text, at)
    bytes.push(...encoded)
    at += taken
  }
  try {
    return utf8Text(Uint8Array.from(bytes))
  } catch (cause) {
    throw new SealstoneError('INPUT_INVALID', `subject value ${excerpt(text)} is not UTF-8 once its escapes are read`, { cause })
  }
}

function takeCharacter(text: string, at: number): { readonly taken: number; readonly encoded: Iterable<number> } {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  if (character === '\\') {
    const next = text[at + 1]
    if (next !== undefined && ' "#+,;<=>\\'.includes(next)) return { taken: 2, encoded: utf8(next) }
    const pair = text.slice(at + 1, at + 3)
    if (!/^[0-9A-Fa-f]{2}$/.test(pair)) throw invalid(`subject value ${excerpt(text)} has a backslash before ${excerpt(pair)}`)
    return { taken: 3, encoded: fromHex(pair.toLowerCase()) }
  }
  if ('"+;<>'.includes(character)) {
    const hint = character === '+' ? ' (attributes joined by + are not supported)' : ''
    throw invalid(`subject value ${excerpt(text)} has ${character} without a backslash${hint}`)
  }
  if (character === ' ' && at === text.length - 1) throw invalid(`subject value ${excerpt(text)} ends with a space, want a backslash before it`)
  return { taken: character.length, encoded: utf8(character) }
}

function checkValue(name: AttributeName, value: string): string {
  const { most, allowed } = ATTRIBUTES[name]
  const length = Array.from(value).length
  if (length < 1 || length > most) throw invalid(`subject ${name} has ${length} characters, want 1 to ${most}`)
  if (value.search(CONTROL) !== -1) throw invalid(`subject ${name} has a control character: ${excerpt(value)}`)
  if (allowed !== undefined && !allowed.pattern.test(value)) throw invalid(`subject ${name} is ${excerpt(value)}, want ${allowed.want}`)
  return value
}

/** Splits at the commas that no backslash stands before. */
function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

function hexPairs(character: string): string {
  return Array.from(utf8(character), (byte) => `\\${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('INPUT_INVALID', message, { hint: 'write the subject as in RFC 4514, for example CN=default,O=Example' })
}

// RFC 5280 appendix A.1, upper bounds; for a domain component, RFC 1035 §2.3.4.
export const ATTRIBUTES = {
  CN: { oid: '2.5.4.3', most: 64, allowed: undefined },
  O: { oid: '2.5.4.10', most: 64, allowed: undefined },
  OU: { oid: '2.5.4.11', most: 64, allowed: undefined },
  C: { oid: '2.5.4.6', most: 2, allowed: { pattern: /^[A-Z]{2}$/, want: 'two capital letters (ISO 3166)' } },
  L: { oid: '2.5.4.7', most: 128, allowed: undefined },
  ST: { oid: '2.5.4.8', most: 128, allowed: undefined },
  DC: { oid: '0.9.2342.19200300.100.1.25', most: 63, allowed: { pattern: /^[A-Za-z0-9-]+$/, want: 'one label of a domain name' } },
} as const
const NAMES = Object.keys(ATTRIBUTES) as readonly AttributeName[]
const MAX_SUBJECT_CHARACTERS = 1024
const MAX_ATTRIBUTES = 16
// C0, DEL and C1, and the line and paragraph separators.
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu
