/** What a process says line by line: a piece of a stream is no line, however short the line is. */
import type { Readable } from 'node:stream'

/** The next whole line from now on, without its end. Rejects with what came when the stream ends before. */
export function nextLine(stream: Readable | null): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  const take = (piece: Buffer | string): void => {
    text += String(piece)
    if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')))
  }
  const end = (): void => reject(new Error(`the stream ended without a line: ${text}`))
  stream?.on('data', take).once('end', end)
  return promise.finally(() => stream?.off('data', take).off('end', end))
}
