/** What another server answers over HTTP: its body within a bound, and why there is none. */

/** Throws an Error that names the bound, and what the connection throws. */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const body = new Uint8Array(maxBytes)
  let length = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    if (length + chunk.length > maxBytes) throw new Error(`more than ${maxBytes} bytes`)
    body.set(chunk, length)
    length += chunk.length
  }
  return body.slice(0, length)
}

/** The innermost reason: of a refused connection the fetch itself only says that it failed. */
export function innermostReason(cause: unknown): string {
  let error = cause
  while (error instanceof Error && error.cause instanceof Error) error = error.cause
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
