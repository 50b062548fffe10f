/** The daemon's log: one JSON object a line on standard error. Fields named like secrets are never written. */
import { pino } from 'pino'
import type { Logger } from '#core'
import type { LogLevel } from './config.ts'

export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['pin', 'seed', 'secret', '*.pin', '*.seed', '*.secret'], censor: '[secret]' },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
