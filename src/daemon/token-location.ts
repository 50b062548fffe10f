/** From the configured token to where the key host finds module, token and PIN file. */
import { defined } from '#core'
import { parseTokenUri, type TokenLocation } from '#keyhost'
import { type Config, loadConfig } from './config.ts'
import { homePaths } from './home.ts'

/**
 * Throws TOKEN_URI_INVALID when the URI is malformed or lacks the token's name, the module or the PIN file.
 * @param home of a state directory that exists: a refused PIN is remembered there when it cannot be beside its file
 */
export function tokenLocation({ uri, env, serial }: Config['token'], home?: string): TokenLocation {
  return { ...parseTokenUri(uri), env, hashSerial: serial === 'hashed', ...defined({ refusedElsewhere: home && homePaths(home).refusedPins }) }
}

/** The token of a state directory. Throws HOME_MISSING, CONFIG_INVALID or TOKEN_URI_INVALID. */
export function homeToken(home: string): TokenLocation {
  return tokenLocation(loadConfig(home).token, home)
}
