/** sealstone audit watch: a monitor of a published log. What it remembers and keeps as evidence are files that are replaced as a whole. */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readDocument, readRequired } from '#client/offline'
import { defined, LIMITS, SealstoneError, systemClock, utf8, utf8Text } from '#core'
import type { AlertRecord, Round, Rule, WatchPorts } from '#monitor'
import { makeDirectories, writeFiles } from '#files'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { printErrorLines } from '../failure.ts'
import type { Output } from '../output.ts'
import { openPublished, readLogTrust } from '../published-log.ts'
import { plural, visible } from '../text.ts'

type WatchCommandOptions = {
  trust?: string
  state?: string
  interval?: string
  once?: boolean
  rules?: string
  history?: boolean
  webhook?: string
  webhookSecret?: string
  keepGoing?: boolean
  maxAge?: string
  intentAge?: string
}

export async function run(context: CommandContext, operands: readonly string[], options: WatchCommandOptions): Promise<ExitStatus> {
  const { output, home, signal } = context
  const [place = ''] = operands
  const { parseDuration, watch } = await import('#monitor')
  if (options.once === true && options.interval !== undefined) throw new SealstoneError('USAGE', '--once and --interval exclude each other')
  const intervalMs = options.once === true ? undefined : parseDuration(options.interval ?? '60s', '--interval')
  const { log } = await readLogTrust(context, options.trust)
  const statePath = resolve(options.state ?? join(home, 'monitor', `${createHash('sha256').update(log.origin).digest('hex')}.json`))
  const progress = tellProgress(output)
  const settings = {
    source: await openPublished(place, signal),
    log,
    rules: await readRules(options.rules),
    history: options.history === true,
    maxAgeMs: parseDuration(options.maxAge ?? '24h', '--max-age'),
    intentAgeMs: parseDuration(options.intentAge ?? '1h', '--intent-age'),
    clock: systemClock,
    signal,
    keepGoing: options.keepGoing === true || options.webhook !== undefined,
    onProgress: progress,
    ...defined({ intervalMs }),
  }
  const { serious, trouble } = await watch(settings, await ports(output, log.origin, statePath, options, signal))
  if (serious.length === 0) {
    if (trouble !== undefined) throw trouble
    return EXIT.ok
  }
  printErrorLines(output, `${serious.length === 1 ? 'an alert' : `${serious.length} alerts`} of ${log.origin}: ${serious[0]?.message}`, HINT)
  return EXIT.failed
}

async function readRules(path: string | undefined): Promise<readonly Rule[]> {
  if (path === undefined) return []
  const { parseRules } = await import('#monitor')
  return parseRules(utf8Text(await readRequired(path, LIMITS.configFileBytes)))
}

async function ports(output: Output, origin: string, statePath: string, options: WatchCommandOptions, signal: AbortSignal): Promise<WatchPorts> {
  const { encodeState, parseState } = await import('#monitor')
  const evidence = `${statePath.replace(/\.json$/, '')}.evidence`
  const deliver = await webhook(options, signal)
  return {
    load: async () => {
      const bytes = await readDocument(statePath, MAX_STATE_BYTES)
      return bytes && parseState(bytes, origin)
    },
    save: (state) => write(statePath, encodeState(state)),
    keep: async (name, text) => {
      const path = join(evidence, name)
      const kept = await readdir(evidence).catch((): string[] => [])
      if (kept.length >= MAX_EVIDENCE && !kept.includes(name)) {
        output.warn(`${visible(evidence)} has ${kept.length} files; no more are kept`)
        return undefined
      }
      await write(path, utf8(text))
      return path
    },
    tell: (alerts) => {
      for (const alert of alerts) tellAlert(output, alert)
    },
    done: (round) => tellRound(output, origin, round, options.once === true),
    undelivered: (error, count) => output.warn(visible(`${error.message}; ${plural(count, 'alert')} wait for the next round`)),
    ...defined({ deliver }),
  }
}

async function webhook({ webhook: address, webhookSecret }: WatchCommandOptions, signal: AbortSignal): Promise<WatchPorts['deliver']> {
  if (address === undefined) {
    if (webhookSecret !== undefined) throw new SealstoneError('USAGE', '--webhook-secret goes with --webhook')
    return undefined
  }
  const { parseWebhookSecret, parseWebhookUrl, postAlerts } = await import('#monitor')
  const url = parseWebhookUrl(address)
  const secret = webhookSecret === undefined ? undefined : parseWebhookSecret(utf8Text(await readRequired(webhookSecret, 4096)))
  return (alerts) => postAlerts(alerts, { url, signal, ...defined({ secret }) })
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await makeDirectories(dirname(path), 0o700)
  await writeFiles([{ path, bytes }])
}

function tellAlert(output: Output, alert: AlertRecord): void {
  if (output.json) return output.record(alert)
  output.line(`${output.bad('ALERT')}  ${visible(`${alert.severity} ${alert.kind}: ${alert.message}`)}`)
  for (const path of alert.evidence ?? []) output.line(`       evidence: ${visible(path)}`)
}

function tellRound(output: Output, log: string, round: Round & { readonly isFirst: boolean }, always: boolean): void {
  const { today, newEntries, trouble, isFirst } = round
  if (trouble !== undefined) output.warn(visible(trouble.message))
  if (today === undefined || (newEntries === 0n && !always)) return
  if (output.json) output.record({ event: 'checked', log, time: new Date().toISOString(), size: today.size, newEntries })
  else output.line(`${output.good('OK')}  ${visible(log)}: ${today.size} entries, ${newEntries} of them new and in the signed tree`)
  if (isFirst) output.note('this was the first look at the log: there was nothing to compare it with')
}

/** Of a first round mostly, which reads the whole log. */
function tellProgress(output: Output): (done: bigint, size: bigint) => void {
  let toldAt = performance.now()
  return (done, size) => {
    if (!output.interactive || performance.now() < toldAt + TELL_EVERY_MS) return
    toldAt = performance.now()
    output.note(`read ${done} of ${size} entries`)
  }
}

const HINT = 'keep the evidence and ask the operator of the log; docs/audit-guide.md says what each alert means'
const MAX_STATE_BYTES = 256 * 1024 * 1024
/** A server that shows something else each time must not fill the disk. */
const MAX_EVIDENCE = 300
const TELL_EVERY_MS = 2000
