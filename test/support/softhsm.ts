/** SoftHSM tokens for tests, made by our own code, each in a folder of its own. A machine without SoftHSM2 fails here. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LogFields, type Logger, silentLogger } from '#core'
import { type KeyHost, type KeyHostOptions, provisionSoftHsm, startKeyHost, type TokenLocation } from '#keyhost'
import type { TokenOptions } from '#token'

export interface TestToken extends Disposable {
  readonly folder: string
  readonly location: TokenLocation
  /** What `openToken` needs. */
  readonly options: TokenOptions
}

export async function makeToken(label = 'test'): Promise<TestToken> {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-token-'))
  const location = await provisionSoftHsm({ home: folder, label })
  return {
    folder,
    location,
    options: {
      modulePath: location.modulePath,
      token: { label, serial: location.serial ?? '' },
      pinFile: location.pinFile,
      logger: silentLogger,
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A key host that is closed when its scope ends. */
export async function openKeyHost(token: TokenLocation, options: Partial<Omit<KeyHostOptions, 'token'>> = {}): Promise<KeyHost & AsyncDisposable> {
  const keyHost = await startKeyHost({ token, logger: silentLogger, ...options })
  return Object.assign(Object.create(keyHost) as KeyHost, { [Symbol.asyncDispose]: () => keyHost.close() })
}

export interface LogEntry {
  readonly level: keyof Logger
  readonly fields: LogFields
  readonly message: string
}

/** Keeps what was logged, so that login attempts can be counted. */
export function recordingLogger(): Logger & { readonly entries: LogEntry[]; count(message: string): number } {
  const entries: LogEntry[] = []
  const keep = (level: keyof Logger) => (fields: LogFields, message: string) => void entries.push({ level, fields, message })
  return {
    entries,
    count: (message) => entries.filter((entry) => entry.message === message).length,
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
  }
}
