/** The log of a child process: JSON lines on standard error, which its parent reads and passes on. */
import { writeSync } from 'node:fs'
import type { LogFields, Logger } from '#core'

export function childLogger(): Logger {
  const line = (level: keyof Logger) => (fields: LogFields, message: string) => {
    try {
      writeSync(2, `${JSON.stringify({ level, message, fields })}\n`)
    } catch {
      // The parent is gone or its pipe is full; the log is not worth the work.
    }
  }
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
}
