/** A host on standard input and output: its messages go to whoever takes them, until it has gone. */
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { SealstoneError, toSealstoneError } from '#core'
import { LineFramer, type MessageHead, type UpstreamLimits } from '#upstream'
import { errorAnswer, PARSE_ERROR } from './answers.ts'
import { type HostOutput, LineWriter } from './line-writer.ts'

export interface StdioFront {
  readonly input: Readable
  readonly output: Writable
  readonly signal?: AbortSignal
}

/** Whoever takes the messages of a host: one server behind its guard, or all of a fleet. Answers go to the `HostOutput` that it was made with. */
export interface HostReader {
  /** Resolves when more may come. */
  fromHost(head: MessageHead, bytes: Uint8Array): Promise<void>
  /** Resolves when every request of the host has its answer. */
  settled(): Promise<void>
  /** Rejects when nothing is left that could answer. */
  readonly ending: Promise<never>
}

/**
 * Resolves when the host has closed its end and has all answers, or the signal aborts. Throws what the reader ends with, and INPUT_INVALID when
 * the host breaks the protocol.
 */
export async function serveStdio(
  { input, output, signal }: StdioFront,
  limits: Pick<UpstreamLimits, 'depth'>,
  connect: (host: HostOutput) => HostReader,
): Promise<void> {
  const host = new LineWriter(output)
  const reader = connect(host)
  const aborted = Promise.withResolvers<void>()
  signal?.addEventListener('abort', () => aborted.resolve(), { once: true })
  if (signal?.aborted === true) aborted.resolve()
  try {
    await Promise.race([readHost(input, reader, host, limits), reader.ending, aborted.promise])
  } finally {
    input.destroy()
  }
}

async function readHost(input: Readable, reader: HostReader, host: HostOutput, limits: Pick<UpstreamLimits, 'depth'>): Promise<void> {
  const framer = new LineFramer({ heldBytes: MOST_HOST_BYTES, streamedBytes: MOST_HOST_BYTES, depth: limits.depth })
  try {
    for await (const chunk of input) {
      for (const { head, bytes, part } of framer.push(chunk as Uint8Array)) {
        if (part !== 'whole') throw new SealstoneError('INPUT_TOO_LARGE', `a message of the host is longer than ${MOST_HOST_BYTES} bytes`)
        await reader.fromHost(head, bytes)
      }
    }
  } catch (error) {
    const { message } = toSealstoneError(error)
    await host.write(errorAnswer('null', PARSE_ERROR, `Sealstone: ${message}`))
    throw new SealstoneError('INPUT_INVALID', `the host: ${message}`, { cause: error, hint: 'the host must send one JSON-RPC message on each line' })
  }
  await Promise.race([reader.settled(), sleep(LAST_ANSWERS_MS, undefined, { ref: false })])
}

const MOST_HOST_BYTES = 16 * 1024 * 1024
/** A host that has closed its end hardly waits for longer. */
const LAST_ANSWERS_MS = 5000
