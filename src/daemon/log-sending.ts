/** Sends the entries of the audit log by OTLP over HTTP, with OpenTelemetry's own packages. Loaded only if the configuration asks for it. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { SeverityNumber } from '@opentelemetry/api'
import { ExportResultCode } from '@opentelemetry/core'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, type LogRecordProcessor, type ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { AuditLog } from '#audit'
import { type Logger, parseStrictObject, readWholeNumber, toHex, toSealstoneError, utf8, utf8Text } from '#core'
import { writeFiles } from '#files'
import { leafHash, type LogEntry } from '#tlog'
import { type LogSettings, readCollectorHeaders } from './collector-settings.ts'

export interface LogSending {
  /** Entries that no collector has taken yet. */
  unsent(): number
  /** Sends what waits, for a few seconds at most; the next start goes on with what is left. */
  close(): Promise<void>
}

export interface LogSendingParts {
  readonly audit: Pick<AuditLog, 'page' | 'size'>
  /** How far it came before. */
  readonly positionPath: string
  /** Where to begin if it never did. */
  readonly from: bigint
  readonly logger: Logger
}

/**
 * The log itself is the queue: an entry is read when its turn has come, and stays next until a collector has taken it. So nothing waits in memory, nothing is
 * lost, and what a crash repeats can be told by its index. Throws CONFIG_INVALID for a headers file that cannot be used.
 */
export function startLogSending(settings: LogSettings, parts: LogSendingParts): LogSending {
  const sender = new Sender(settings, parts)
  const running = sender.run()
  return {
    unsent: () => Number(parts.audit.size() - sender.next),
    close: async () => {
      sender.end(performance.now() + CLOSE_MS)
      await running
    },
  }
}

class Sender {
  readonly #parts: LogSendingParts
  readonly #exporter: OTLPLogExporter
  readonly #records: ReadableLogRecord[] = []
  readonly #emit: (entry: LogEntry) => void
  readonly #ending = new AbortController()
  #endsAt = Number.POSITIVE_INFINITY
  #isReachable = true
  #writtenAt = Number.NEGATIVE_INFINITY
  #written: bigint | undefined
  next: bigint

  constructor({ endpoint, headersFile }: LogSettings, parts: LogSendingParts) {
    this.#parts = parts
    const headers = headersFile === undefined ? {} : readCollectorHeaders('logs', headersFile)
    this.#exporter = new OTLPLogExporter({ url: endpoint, headers, timeoutMillis: EXPORT_MS, concurrencyLimit: 1 })
    this.next = readPosition(parts)
    const collect: LogRecordProcessor = {
      onEmit: (record) => void this.#records.push(record),
      forceFlush: async () => {},
      shutdown: async () => {},
    }
    const provider = new LoggerProvider({ resource: resourceFromAttributes({ 'service.name': 'sealstone' }), processors: [collect] })
    const logs = provider.getLogger('sealstone.audit')
    this.#emit = ({ index, leaf, bytes }) =>
      logs.emit({
        eventName: `sealstone.audit.${leaf.kind}`,
        timestamp: new Date(leaf.time),
        ...severityOf(leaf),
        body: utf8Text(bytes),
        attributes: {
          'sealstone.leaf.index': Number(index),
          'sealstone.leaf.hash': toHex(leafHash(bytes)),
          'sealstone.operation.id': leaf.operationId,
          ...(leaf.errorCode === undefined ? {} : { 'error.type': leaf.errorCode }),
        },
      })
  }

  end(at: number): void {
    this.#endsAt = at
    this.#ending.abort()
  }

  /** Never throws. */
  async run(): Promise<void> {
    await this.#keepPosition() // a crash before the first batch must not forget where to begin
    for (let failures = 0; performance.now() < this.#endsAt; ) {
      try {
        const entries = this.#read()
        if (entries.length === 0) {
          if (this.#ending.signal.aborted) break
          await this.#pause(LOOK_AGAIN_MS)
          continue
        }
        await this.#send(entries)
        failures = 0
        if (!this.#isReachable) this.#parts.logger.info({}, 'the collector takes log entries again')
        this.#isReachable = true
      } catch (error) {
        this.#tell(toSealstoneError(error).message, error)
        if (this.#ending.signal.aborted) break
        await this.#pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++))
      }
    }
    await this.#exporter.shutdown().catch(() => {})
    await this.#keepPosition()
  }

  #read(): readonly LogEntry[] {
    const { entries } = this.#parts.audit.page({ from: this.next, limit: BATCH })
    return entries
  }

  async #send(entries: readonly LogEntry[]): Promise<void> {
    this.#records.length = 0
    for (const entry of entries) this.#emit(entry)
    const batch = this.#records.slice()
    await new Promise<void>((resolve, reject) => {
      this.#exporter.export(batch, ({ code, error }) =>
        code === ExportResultCode.SUCCESS ? resolve() : reject(error ?? new Error('no reason given')),
      )
    })
    this.next = (entries.at(-1) as LogEntry).index + 1n
    if (performance.now() > this.#writtenAt + KEEP_EVERY_MS) await this.#keepPosition()
  }

  /** Not after every batch: each time waits for the disk that signatures wait for. A crash in between sends some entries twice. */
  async #keepPosition(): Promise<void> {
    if (this.#written === this.next) return
    this.#writtenAt = performance.now()
    this.#written = this.next
    try {
      await writeFiles([{ path: this.#parts.positionPath, bytes: utf8(`${JSON.stringify({ next: Number(this.next) })}\n`) }])
    } catch (error) {
      this.#parts.logger.warn({ error: toSealstoneError(error).message }, 'how far the log was sent could not be kept; entries may be sent twice')
    }
  }

  /** One line when it begins, not one for each batch. */
  #tell(reason: string, error: unknown): void {
    const text = error instanceof Error ? error.message : reason
    if (this.#isReachable) this.#parts.logger.warn({ entry: String(this.next), error: text }, 'log entries could not be sent; they are sent later')
    this.#isReachable = false
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#ending.signal, ref: false }).catch(() => {})
  }
}

/** A log that is shorter than what was sent was put back from a backup: what it has since is sent. */
function readPosition({ positionPath, from, audit, logger }: LogSendingParts): bigint {
  let text: Uint8Array
  try {
    text = readFileSync(positionPath)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      logger.warn({ error: String(error) }, 'how far the log was sent cannot be read; it is sent from now on')
    return from
  }
  try {
    const next = BigInt(readWholeNumber(parseStrictObject(text, { maxBytes: 1024, maxDepth: 2 }), 'next', 0))
    if (next <= audit.size()) return next
    logger.warn({ sent: String(next), entries: String(audit.size()) }, 'more of the log was sent than there is; it is sent from now on')
  } catch (error) {
    logger.warn({ error: toSealstoneError(error).message }, 'how far the log was sent cannot be read; it is sent from now on')
  }
  return from
}

function severityOf({ kind, result, errorCode, decision }: LogEntry['leaf']): { severityNumber: SeverityNumber; severityText: string } {
  if (errorCode === 'SIGNATURE_MISMATCH' || kind === 'crash-found') return { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' }
  const isNotable = result === 'error' || result === 'unknown' || WARNINGS.has(kind) || decision === 'blocked' || decision === 'warned'
  return isNotable ? { severityNumber: SeverityNumber.WARN, severityText: 'WARN' } : { severityNumber: SeverityNumber.INFO, severityText: 'INFO' }
}

const WARNINGS: ReadonlySet<string> = new Set(['refused', 'login-refused', 'clock-step', 'config-changed', 'recovery'])
/** Read in a millisecond or two, so that no signature waits for it. */
const BATCH = 64
const LOOK_AGAIN_MS = 500
/** For one batch, with its repetitions. */
const EXPORT_MS = 3000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const KEEP_EVERY_MS = 5000
const CLOSE_MS = 2000
