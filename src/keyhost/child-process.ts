/** Starts the key host's process. Knows nothing of commands; the supervisor does. */
import { extname, join } from 'node:path'
import { type ChildOptions, type OurChild, startChildProcess } from '#children'
import type { CommandMessage, ReplyMessage } from './protocol.ts'

export interface KeyHostChildOptions extends Pick<ChildOptions<ReplyMessage>, 'env' | 'files' | 'logger' | 'onExit'> {
  readonly onReply: (reply: ReplyMessage) => void
}

export type KeyHostChild = OurChild<CommandMessage>

/** Without network, processes and threads (Node's permission model). */
export function startChild({ onReply, ...options }: KeyHostChildOptions): KeyHostChild {
  return startChildProcess<CommandMessage, ReplyMessage>({
    ...options,
    entry: ENTRY,
    name: 'key host',
    logName: 'keyHost',
    nodeOptions: [
      '--allow-ffi', // at the start, and dropped then: token/fixed-memory.ts
      '--expose-gc', // the child frees key objects when it is idle
      '--always-sparkplug', // simple machine code at a function's first call, and not after some hundred
    ],
    onMessage: onReply,
  })
}

const ENTRY = join(import.meta.dirname, `child${extname(import.meta.filename)}`)
