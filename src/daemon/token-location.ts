/** From the configured token URI to where the key host finds module, token and PIN file. */
import { SealstoneError } from '#core'
import { parseTokenUri, type TokenLocation } from '#keyhost'
import type { Config } from './config.ts'

export function tokenLocation(config: Pick<Config, 'token'>): TokenLocation {
  const { uri, softhsmConf } = config.token
  return locateToken(uri, softhsmConf === undefined ? undefined : { SOFTHSM2_CONF: softhsmConf })
}

/** Throws TOKEN_URI_INVALID when the URI is malformed or lacks the token's name, the module or the PIN file. */
export function locateToken(uri: string, env?: Readonly<Record<string, string>>): TokenLocation {
  const location = parseTokenUri(uri)
  if (location.modulePath === '') throw new SealstoneError('TOKEN_URI_INVALID', 'token URI has no module-path')
  return env === undefined ? location : { ...location, env }
}
