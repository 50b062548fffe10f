/** What the daemon does again and again while it serves, and how that ends. */
import { type Clock, defined, type Logger, toSealstoneError } from '#core'
import type { RpcServer } from '#rpc'
import { parseVerifierKey } from '#tlog'
import type { Config } from './config.ts'
import { LogCheck } from './log-check.ts'
import type { Runtime } from './runtime.ts'

/** Runs the work again and again with a pause in between; `stop` waits for what runs. */
export function repeat(work: () => Promise<void>, pauseMs: number): { stop(): Promise<void> } {
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const wait = (): void => {
    timer = setTimeout(() => {
      running = work().finally(() => {
        running = undefined
        if (!stopped) wait()
      })
    }, pauseMs).unref()
  }
  wait()
  return {
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}

/** Once an hour, answers older than the configured time are forgotten. */
export function keepAnswers(runtime: Runtime, config: Config, clock: Clock, logger: Logger): NodeJS.Timeout {
  const forget = (): void => {
    try {
      runtime.audit.forgetAnswersBefore(new Date(clock.now().getTime() - config.audit.answerRetentionHours * HOUR_MS))
    } catch (error) {
      logger.error({ error: toSealstoneError(error).message }, 'old answers could not be removed')
    }
  }
  forget()
  return setInterval(forget, HOUR_MS).unref()
}

/** Health says whether signing can be expected to work: balancers and people look there. */
export function followKeyHost({ keyHost }: Runtime, server: RpcServer): NodeJS.Timeout {
  let serving = true
  return setInterval(() => {
    if (keyHost.isAvailable === serving) return
    serving = keyHost.isAvailable
    server.setServing(serving)
  }, READINESS_MS).unref()
}

/** What a start has looked at already needs no second look. Undefined where it is not wanted. */
export function checkTheLog(
  { audit, log, events }: Runtime,
  { audit: { cold, checkHours } }: Config,
  database: string,
  logger: Logger,
): LogCheck | undefined {
  if (checkHours === 0) return undefined
  const keys = log.keys.map(parseVerifierKey)
  const check = new LogCheck({ database, ...defined({ cold }), log: { origin: log.origin, keys } }, checkHours * HOUR_MS, { events, logger })
  if (audit.size() <= SEEN_AT_START) check.later()
  else void check.run()
  return check
}

/** Entries, at least. */
const SEEN_AT_START = 4096n
const READINESS_MS = 500
const HOUR_MS = 3_600_000
