/** What is counted and timed, for Prometheus. Nothing is collected unless it is asked for by `metrics.listen`. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '#core'
import type { Cosigning } from '#cosigning'
import type { DataPlaneReport } from '#dataplane'
import type { KeyHost } from '#keyhost'
import type { KeyStore } from '#keys'
import type { Operations } from '#operations'
import type { PublisherEvents } from './log-publisher.ts'

export interface Collected {
  readonly metrics: Metrics
  readonly registry: Registry
  /** Spans that no collector took. */
  readonly spansDropped: (spans: number) => void
  /** What the data plane did since it told last. */
  readonly hashed: (report: DataPlaneReport) => void
  readonly publishing: PublisherEvents
}

export function collectMetrics(): Collected {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const signatures = new Counter({
    name: 'sealstone_signatures_total',
    help: 'Signings that have their outcome, by key, suite and result: ok or an error code.',
    labelNames: ['key', 'suite', 'result'],
    registers,
  })
  const mismatches = new Counter({
    name: 'sealstone_signature_mismatches_total',
    help: 'Signatures of ours that did not verify and were not released.',
    labelNames: ['key'],
    registers,
  })
  const refused = new Counter({
    name: 'sealstone_refused_total',
    help: 'Requests turned away before their key was used.',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of ['policy', 'overloaded', 'log']) refused.inc({ reason }, 0) // or an alert on its growth would miss the first one
  const steps = new Histogram({
    name: 'sealstone_step_seconds',
    help: 'Time of one step: sign, the whole; key-host, with its wait; queue, that wait; verify, of our own signatures; commit, of the log with fsync.',
    labelNames: ['step'],
    buckets: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 4],
    registers,
  })
  const spansDropped = new Counter({
    name: 'sealstone_spans_dropped_total',
    help: 'Spans of traces that no collector took.',
    registers,
  })
  const hashedBytes = new Counter({ name: 'sealstone_hash_bytes_total', help: 'Bytes that came to HashService, with their messages.', registers })
  const hashStreams = new Gauge({ name: 'sealstone_hash_streams', help: 'HashStreams that run.', registers })
  const hashCalls = new Counter({
    name: 'sealstone_hash_calls_total',
    help: 'Calls of HashService that are over, by method and code: OK or an error code.',
    labelNames: ['method', 'code'],
    registers,
  })
  const published = new Gauge({ name: 'sealstone_published_entries', help: 'Entries of the log that audit.publish has written down.', registers })
  const publishFailures = new Counter({ name: 'sealstone_publish_failures_total', help: 'Times that the log could not be published.', registers })
  const logReads = new Counter({
    name: 'sealstone_log_reads_total',
    help: 'Requests for the published log at audit.listen, by HTTP status.',
    labelNames: ['status'],
    registers,
  })
  logReads.inc({ status: '200' }, 0)
  for (const method of ['HashStream', 'GetHashStream', 'HashPath']) hashCalls.inc({ method, code: 'OK' }, 0) // a series begins at zero
  const cosigned = new Counter({
    name: 'sealstone_witness_answers_total',
    help: 'Requests to witnesses that are over, by witness and result: ok or failed.',
    labelNames: ['witness', 'result'],
    registers,
  })
  const timestamped = new Counter({
    name: 'sealstone_timestamps_total',
    help: 'Requests to the timestamp authority that are over, by result: ok or failed.',
    labelNames: ['result'],
    registers,
  })
  for (const result of ['ok', 'failed']) timestamped.inc({ result }, 0)
  const metrics: Metrics = {
    signed: (labels) => signatures.inc({ ...labels }),
    mismatch: (labels) => mismatches.inc({ ...labels }),
    refused: (labels) => refused.inc({ ...labels }),
    cosigned: (labels) => cosigned.inc({ ...labels }),
    timestamped: (labels) => timestamped.inc({ ...labels }),
    took: (step, seconds) => steps.observe({ step }, seconds),
  }
  return {
    metrics,
    registry,
    spansDropped: (spans) => spansDropped.inc(spans),
    hashed: ({ bytes, streams, calls }) => {
      hashedBytes.inc(bytes)
      hashStreams.set(streams)
      for (const { method, code, count } of calls) hashCalls.inc({ method, code }, count)
    },
    publishing: {
      onPublished: (entries) => published.set(entries),
      onFailure: () => publishFailures.inc(),
      onAnswered: (status, count) => logReads.inc({ status: String(status) }, count),
    },
  }
}

/** What is asked for at each scrape. */
export function observeDaemon(
  registry: Registry,
  rooms: {
    readonly keyHost: KeyHost
    readonly keys: KeyStore
    readonly operations: Pick<Operations, 'canaryAgeSeconds' | 'signingsUnderWay'>
    readonly logSize: () => bigint
    readonly clockJumps: () => number
    readonly cosigning: Cosigning | undefined
    readonly unsent: () => number | undefined
    readonly logFaults: () => number | undefined
  },
): void {
  const { keyHost, keys, operations, logSize, clockJumps, cosigning, unsent, logFaults } = rooms
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  }
  gauge('sealstone_log_entries_unsent', 'Entries of the audit log that no collector has taken yet; 0 without one.', () => unsent() ?? 0)
  gauge('sealstone_log_faults', 'Faults that the last check of the whole log found; 0 before the first.', () => logFaults() ?? 0)
  gauge('sealstone_key_host_available', '1 while signing can be expected to work.', () => Number(keyHost.isAvailable))
  gauge('sealstone_key_host_children', 'Processes that sign now.', () => keyHost.pids.length)
  gauge('sealstone_key_host_respawns', 'How often a lost process was replaced since the start.', () => keyHost.respawns)
  gauge('sealstone_key_host_load', 'Commands that wait for the key host or run in it.', () => keyHost.load)
  gauge('sealstone_signings_under_way', 'Signings that were let in and have no outcome yet.', () => operations.signingsUnderWay())
  gauge(
    'sealstone_canary_age_seconds',
    'Since a key was last tested and signed rightly; NaN before the first test.',
    () => operations.canaryAgeSeconds() ?? Number.NaN,
  )
  gauge(
    'sealstone_keys_in_quarantine',
    'Key versions that are active but may not sign.',
    () => keys.list().filter(({ state, quarantine }) => state === 'active' && quarantine !== undefined).length,
  )
  gauge('sealstone_log_entries', 'Entries in the audit log.', () => Number(logSize()))
  gauge('sealstone_witness_quorum_entries', 'Entries that the newest checkpoint with a quorum of witnesses covers; 0 without witnesses.', () =>
    Number(cosigning?.status().quorumSize ?? 0n),
  )
  gauge(
    'sealstone_witness_lag_seconds',
    'How long a checkpoint has been waiting for a quorum of witnesses.',
    () => cosigning?.status().lagSeconds ?? 0,
  )
  gauge('sealstone_clock_jumps', 'How often the wall clock was set since the start, forward by 5 s or more or back by 1 s or more.', clockJumps)
  const states = new Gauge({
    name: 'sealstone_key_versions',
    help: 'Key versions by state.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { state } of keys.list()) this.inc({ state })
    },
  })
  void states
}
