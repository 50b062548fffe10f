/** Who timestamps this log's checkpoints, and how often: the settings, checked. */
import { readFileSync } from 'node:fs'
import { excerpt, SealstoneError } from '#core'
import { type Authority, type ImprintDigest, IMPRINTS, readAuthorityRoots } from '#timestamps'

export interface TimestampSettings {
  readonly name: string
  readonly url: string
  readonly caFile: string
  readonly everyMs: number
  readonly digest: ImprintDigest
}

/** Throws CONFIG_INVALID. */
export function parseTimestampSettings(settings: {
  readonly url: string | undefined
  readonly caFile: string | undefined
  readonly every: string | undefined
  readonly name: string | undefined
  readonly digest: string | undefined
}): TimestampSettings | undefined {
  const { url, caFile, every, name, digest } = settings
  if (url === undefined) {
    if (caFile !== undefined || every !== undefined || name !== undefined || digest !== undefined)
      throw invalid('[audit.timestamps] is there without audit.timestamps.url')
    return undefined
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol) || parsed.username !== '')
    throw invalid(`audit.timestamps.url is ${excerpt(url)}, want http:// or https://`)
  if (caFile === undefined) throw invalid('audit.timestamps.ca is missing: the certificates that the authority is trusted by')
  const authority = name ?? parsed.hostname
  if (!/^[^\s+]{1,255}$/.test(authority)) throw invalid(`audit.timestamps.name is ${excerpt(authority)}, want a name without spaces and plus signs`)
  return { name: authority, url: parsed.href, caFile, everyMs: parseDuration(every ?? '1d'), digest: parseDigest(digest ?? 'sha256') }
}

/** Throws CONFIG_INVALID. */
export function openAuthority({ name, url, caFile, digest }: TimestampSettings): Authority {
  let pem: string
  try {
    pem = readFileSync(caFile, 'utf8')
  } catch (cause) {
    throw new SealstoneError('CONFIG_INVALID', `audit.timestamps.ca: ${caFile} cannot be read`, { cause })
  }
  return { name, url, roots: readAuthorityRoots(pem), digest }
}

function parseDigest(text: string): ImprintDigest {
  if (!Object.hasOwn(IMPRINTS, text)) throw invalid(`audit.timestamps.digest is ${excerpt(text)}, want ${Object.keys(IMPRINTS).join(', ')}`)
  return text as ImprintDigest
}

function parseDuration(text: string): number {
  const [, count, unit] = /^([1-9][0-9]{0,4})([smhd])$/.exec(text) ?? []
  if (count === undefined || unit === undefined)
    throw invalid(`audit.timestamps.every is ${excerpt(text)}, want a number and s, m, h or d, such as 1h`)
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
}

function invalid(message: string): SealstoneError {
  return new SealstoneError('CONFIG_INVALID', message)
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
