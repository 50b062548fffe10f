/** What a reviewer looks for. The names are those of the server's addresses. */

export interface Filter {
  readonly kind?: string
  readonly key?: string
  readonly caller?: string
  /** With `*` for any text. */
  readonly modelPattern?: string
  readonly result?: string
  readonly since?: string
  readonly until?: string
  /** Words anywhere in an entry. */
  readonly q?: string
}

export function isEmpty(filter: Filter): boolean {
  return Object.values(filter).every((value) => value === undefined || value === '')
}

export function filterName(filter: Filter): string {
  return JSON.stringify(Object.entries(filter).filter(([, value]) => value !== undefined && value !== ''))
}
