/** Token URIs (RFC 7512): which token, which module, which file holds the PIN. A PIN itself is never taken from a URI. */
import { excerpt, SealstoneError } from '#core'
import type { TokenObject } from './protocol.ts'

/** Where the key host finds the token. Everything that is given of label, serial, model and manufacturer must match. */
export interface TokenLocation {
  /** Absolute path of the PKCS#11 module. */
  readonly modulePath: string
  /** The token's label. */
  readonly token: string
  readonly serial?: string
  readonly model?: string
  readonly manufacturer?: string
  /** Absolute path; mode 0600. */
  readonly pinFile: string
  /** Absolute path: where a PIN that was refused is remembered when that cannot be done beside its file. Not in a URI. */
  readonly refusedElsewhere?: string
  /** Receipts name the token by a hash of its serial (`hashed-serial.ts`), of keys that are made from now on. Not in a URI. */
  readonly hashSerial?: boolean
  /** Environment that the module needs, such as SOFTHSM2_CONF. The key host gets nothing else. */
  readonly env?: Readonly<Record<string, string>>
}

/** Throws TOKEN_URI_INVALID. Wants token, module-path and pin-source; refuses what it would have to ignore. */
export function parseTokenUri(uri: string): TokenLocation {
  if (!uri.startsWith(SCHEME)) throw invalid(`token URI is ${excerpt(uri)}, want ${SCHEME}…`)
  const [path = '', query, ...rest] = uri.slice(SCHEME.length).split('?')
  if (rest.length > 0) throw invalid('token URI has more than one question mark')
  const attributes = parseAttributes(path, ';', PATH_ATTRIBUTES)
  const queries = parseAttributes(query ?? '', '&', QUERY_ATTRIBUTES)
  return {
    modulePath: absolutePath(wanted(queries, 'module-path'), 'module-path'),
    token: wanted(attributes, 'token'),
    pinFile: pinFile(wanted(queries, 'pin-source')),
    ...optional(attributes, 'serial'),
    ...optional(attributes, 'model'),
    ...optional(attributes, 'manufacturer'),
  }
}

/** What a URI says of an object in a token: at least its id or its label, and of the token whatever it says. */
export interface ObjectUri extends TokenObject {
  readonly token?: string
  readonly serial?: string
  readonly model?: string
  readonly manufacturer?: string
}

/** Throws TOKEN_URI_INVALID. Takes no query: module and PIN are the daemon's own. */
export function parseObjectUri(uri: string): ObjectUri {
  if (!uri.startsWith(SCHEME)) throw invalid(`key URI is ${excerpt(uri)}, want ${SCHEME}…`, KEY_HINT)
  if (uri.includes('?')) throw invalid('key URI has a query, want none: the token is the one that the daemon uses', KEY_HINT)
  const attributes = parseAttributes(uri.slice(SCHEME.length), ';', OBJECT_ATTRIBUTES, ['id'])
  const type = attributes.get('type')
  if (type !== undefined && type !== 'private') throw invalid(`key URI has type ${excerpt(type)}, want private`, KEY_HINT)
  const [id, label] = [attributes.get('id'), attributes.get('object')]
  if (id === undefined && label === undefined) throw invalid('key URI has neither id nor object', KEY_HINT)
  if (id === '' || label === '') throw invalid('key URI has an empty id or object', KEY_HINT)
  return {
    ...(id === undefined ? {} : { id }),
    ...(label === undefined ? {} : { label }),
    ...optional(attributes, 'token'),
    ...optional(attributes, 'serial'),
    ...optional(attributes, 'model'),
    ...optional(attributes, 'manufacturer'),
  }
}

/** The URI that parses back to this location; `env` has no place in it. */
export function formatTokenUri(location: TokenLocation): string {
  const attributes = PATH_ATTRIBUTES.flatMap((name) => (location[name] === undefined ? [] : [`${name}=${encode(location[name])}`]))
  return `${SCHEME}${attributes.join(';')}?module-path=${encode(location.modulePath)}&pin-source=file:${encode(location.pinFile)}`
}

/** @param binary attributes whose value is bytes; it is given as lower-case hex */
function parseAttributes<Name extends string>(
  text: string,
  separator: string,
  known: readonly Name[],
  binary: readonly Name[] = [],
): Map<Name, string> {
  const found = new Map<Name, string>()
  for (const part of text === '' ? [] : text.split(separator)) {
    const [name = '', ...values] = part.split('=')
    if (name === 'pin-value') {
      throw invalid('token URI holds a PIN (pin-value)', 'put the PIN into a file of mode 0600 and write pin-source=file:/path')
    }
    const attribute = known.find((candidate) => candidate === name)
    if (attribute === undefined) throw invalid(`token URI has ${excerpt(name)}, want only ${known.join(', ')} here`)
    if (found.has(attribute)) throw invalid(`token URI has ${name} twice`)
    const value = values.join('=')
    found.set(attribute, binary.includes(attribute) ? decodeBytes(value, name) : decode(value, name))
  }
  return found
}

function wanted<Name extends string>(attributes: Map<Name, string>, name: Name): string {
  const value = attributes.get(name)
  if (value === undefined || value === '') throw invalid(`token URI has no ${name}`)
  return value
}

function optional<Name extends string>(attributes: Map<Name, string>, name: Name): { readonly [Key in Name]?: string } {
  const value = attributes.get(name)
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]?: string })
}

/** RFC 7512 §2.4: `file:/path` or `file:///path`; also a bare absolute path. `|command` is refused: nothing is run for a PIN. */
function pinFile(source: string): string {
  const match = /^file:(?:\/\/)?(?<path>\/.*)$/.exec(source)
  return absolutePath(match?.groups?.path ?? source, 'pin-source')
}

function absolutePath(path: string, name: string): string {
  if (!path.startsWith('/') || path.includes('\0')) throw invalid(`${name} is ${excerpt(path)}, want an absolute path`)
  return path
}

function checkCharacters(value: string, name: string): void {
  if (!/^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,=&/?|]|%[0-9A-Fa-f]{2})*$/.test(value)) throw invalid(`${name} has a character that must be percent-encoded`)
}

// RFC 7512 §2.3: pk11-path and pk11-query characters; everything else is percent-encoded.
function decode(value: string, name: string): string {
  checkCharacters(value, name)
  try {
    return decodeURIComponent(value)
  } catch (cause) {
    throw new SealstoneError('TOKEN_URI_INVALID', `${name} is not valid UTF-8`, { cause })
  }
}

/** RFC 7512 §2.3: an id is bytes; each may be percent-encoded. */
function decodeBytes(value: string, name: string): string {
  checkCharacters(value, name)
  return Buffer.from(
    value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('hex')
}

function encode(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/')
}

function invalid(message: string, hint?: string): SealstoneError {
  return new SealstoneError('TOKEN_URI_INVALID', message, hint === undefined ? {} : { hint })
}

const SCHEME = 'pkcs11:'
const KEY_HINT = "write it like 'pkcs11:object=NAME;type=private' or 'pkcs11:id=%01%a2' (RFC 7512)"
const PATH_ATTRIBUTES = ['token', 'serial', 'model', 'manufacturer'] as const
const OBJECT_ATTRIBUTES = [...PATH_ATTRIBUTES, 'id', 'object', 'type'] as const
const QUERY_ATTRIBUTES = ['module-path', 'pin-source'] as const
