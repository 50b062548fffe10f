/** Where the daemon can be reached beside its own API: HashService, the published log, the review console. The settings, checked. */
import { resolve } from 'node:path'
import { SealstoneError } from '#core'
import type { HttpAddress } from '#listeners'
import type { SettingReader } from './settings.ts'

export interface HashSettings {
  /** Absolute path of its Unix socket. */
  readonly socket?: string
  /** With the certificates of `listen.tls`. */
  readonly tlsAddress?: { readonly host: string; readonly port: number }
  /** The directories whose files may be hashed. */
  readonly roots: readonly string[]
  readonly streamsPerCaller: number
  /** How long a stream that broke can be taken up again. */
  readonly resumeMinutes: number
  /** A stream on which nothing comes for so long is ended. */
  readonly idleSeconds: number
}

/** Who may read the log from outside: whoever reaches an HTTP address, or a directory. */
export interface PublishSettings {
  readonly http?: HttpAddress
  readonly directory?: string
}

export interface ConsoleSettings {
  readonly host: string
  readonly port: number
  readonly tls?: { readonly certFile: string; readonly keyFile: string }
  /** Plain HTTP on an address that others can reach. */
  readonly allowPlain: boolean
  /** Further names of it in browsers. */
  readonly hosts: readonly string[]
}

/** Nothing where HashService is not wanted. Throws CONFIG_INVALID. */
export function hashSettings(read: SettingReader, home: string, hasTls: boolean): HashSettings | undefined {
  const socket = read.optionalText('hash.socket')
  const address = read.optionalText('hash.tls_address')
  const settings = {
    roots: read.texts('hash.roots'),
    streamsPerCaller: read.wholeNumber('hash.streams_per_caller', 64, 1, 256),
    resumeMinutes: read.wholeNumber('hash.resume_minutes', 60, 1, 10_080),
    idleSeconds: read.wholeNumber('hash.idle_seconds', 60, 1, 3600),
  }
  if (socket === undefined && address === undefined) {
    const [setting] = read.open('hash.').keys()
    if (setting === undefined) return undefined
    throw new SealstoneError('CONFIG_INVALID', `setting hash.${setting} is there without hash.socket or hash.tls_address`, {
      hint: 'say where HashService listens, or remove it',
    })
  }
  if (address !== undefined && !hasTls)
    throw new SealstoneError('CONFIG_INVALID', 'hash.tls_address is there without [listen.tls], whose certificates it uses')
  return {
    ...settings,
    ...(socket === undefined ? {} : { socket: resolve(home, socket) }),
    ...(address === undefined ? {} : { tlsAddress: splitAddress(address, 'hash.tls_address') }),
  }
}

/** Throws CONFIG_INVALID. */
export function publishSettings(read: SettingReader, home: string): PublishSettings {
  const address = read.optionalText('audit.listen')
  const directory = read.optionalText('audit.publish')
  const [certificate, key] = [read.optionalText('audit.certificate'), read.optionalText('audit.private_key')]
  if ((certificate === undefined) !== (key === undefined))
    throw new SealstoneError('CONFIG_INVALID', 'audit.certificate and audit.private_key go together')
  if (certificate !== undefined && address === undefined)
    throw new SealstoneError('CONFIG_INVALID', 'audit.certificate is there without audit.listen')
  const tls = certificate === undefined || key === undefined ? undefined : { certFile: resolve(home, certificate), keyFile: resolve(home, key) }
  return {
    ...(address === undefined ? {} : { http: { ...splitAddress(address, 'audit.listen'), ...(tls && { tls }) } }),
    ...(directory === undefined ? {} : { directory: resolve(home, directory) }),
  }
}

/** Nothing where the console is not wanted. Throws CONFIG_INVALID. */
export function consoleSettings(read: SettingReader, home: string): ConsoleSettings | undefined {
  const address = read.optionalText('console.listen')
  const certificate = read.optionalText('console.certificate')
  const privateKey = read.optionalText('console.private_key')
  const settings = { allowPlain: read.flag('console.allow_plain_http', false), hosts: read.texts('console.hosts') }
  if (address === undefined) {
    const [setting] = read.open('console.').keys()
    if (setting === undefined) return undefined
    throw new SealstoneError('CONFIG_INVALID', `setting console.${setting} is there without console.listen`, {
      hint: 'say where the console listens, or remove it',
    })
  }
  if ((certificate === undefined) !== (privateKey === undefined))
    throw new SealstoneError('CONFIG_INVALID', 'console.certificate and console.private_key go together')
  return {
    ...splitAddress(address, 'console.listen'),
    ...settings,
    ...(certificate === undefined || privateKey === undefined
      ? {}
      : { tls: { certFile: resolve(home, certificate), keyFile: resolve(home, privateKey) } }),
  }
}

/** `host:port`, with an IPv6 host in brackets. Throws CONFIG_INVALID. */
export function splitAddress(address: string, setting: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw new SealstoneError('CONFIG_INVALID', `${setting} is ${JSON.stringify(address)}, want host:port`)
  return { host: match[1] ?? (match[2] as string), port }
}
