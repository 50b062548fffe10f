/** How numbers, times and hashes are written on the page. */

/** `2026-03-01 12:34:56.789`, UTC. */
export function time(iso: string | undefined): string {
  return iso === undefined ? '' : iso.replace('T', ' ').replace(/Z$/, '')
}

/** `2026-03-01 12:34 UTC` */
export function minute(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** `1 234 567`, with thin spaces. */
export function count(value: string | number | bigint): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, '\u2009')
}

/** The start of a hash. */
export function short(hex: string, digits = 12): string {
  return hex.length > digits ? `${hex.slice(0, digits)}…` : hex
}

/** A fingerprint in groups of four, to read aloud. */
export function groups(hex: string): string {
  return hex.replaceAll(/.{4}(?=.)/g, '$& ')
}
