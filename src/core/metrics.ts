/** The port through which rooms tell what can be counted and timed; the daemon gives it to whoever collects. Labels are few and bounded. */

export interface Metrics {
  /** One signing has its outcome. `result` is `ok` or a code of the error catalogue. */
  signed(labels: { readonly key: string; readonly suite: string; readonly result: string }): void
  /** A signature of ours did not verify; it was not released. */
  mismatch(labels: { readonly key: string }): void
  /** A request was turned away before its key was used. `log`: its intent could not be written. */
  refused(labels: { readonly reason: 'policy' | 'overloaded' | 'log' }): void
  /** A request to a witness of the log is over. */
  cosigned(labels: { readonly witness: string; readonly result: 'ok' | 'failed' }): void
  /** A request to the timestamp authority is over. */
  timestamped(labels: { readonly result: 'ok' | 'failed' }): void
  /** Seconds. `key-host`: the round trip for one signing, its wait included. `queue`: that wait. `verify`: of our own signatures. `commit`: of the log, with fsync. */
  took(what: TimedStep, seconds: number): void
}

export type TimedStep = 'sign' | 'key-host' | 'queue' | 'verify' | 'commit'

export const silentMetrics: Metrics = {
  signed: () => {},
  mismatch: () => {},
  refused: () => {},
  cosigned: () => {},
  timestamped: () => {},
  took: () => {},
}
