/** sealstone serve */
import { serve } from '#daemon'
import type { CommandContext, ExitStatus } from '../command.ts'

type ServeOptions = { insecureLoopback?: string; logLevel?: 'debug' | 'info' | 'warn' | 'error' }

/** Returns after a signal; the daemon's own log goes to standard error. */
export async function run({ home }: CommandContext, _operands: readonly string[], options: ServeOptions): Promise<ExitStatus> {
  const { insecureLoopback, logLevel } = options
  return (await serve({
    home,
    ...(insecureLoopback === undefined ? {} : { insecureLoopback }),
    ...(logLevel === undefined ? {} : { logLevel }),
  })) as ExitStatus
}
