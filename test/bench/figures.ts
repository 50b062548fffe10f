/** Times and rates as the benchmarks of the audit log print them. */

/** Seconds. */
export async function timed(run: () => unknown): Promise<number> {
  const start = performance.now()
  await run()
  return (performance.now() - start) / 1000
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** Thousands apart, no fractions. */
export function perSecond(rate: number): string {
  return Math.round(rate).toLocaleString('en-US')
}
