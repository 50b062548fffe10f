/** The process of `shrink.ts`. It ends with its parent, however that ends: the work is in a thread, so that this one hears of it. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

export interface ShrinkReply {
  /** Absent: it is done. */
  readonly failure?: { readonly message: string; readonly hint: string }
}

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')) // a thread inside of SQLite would keep an exit waiting
process.once('message', (path: string) => {
  const worker = new Worker(new URL(`./shrink-thread${extname(import.meta.url)}`, import.meta.url), { workerData: path })
  worker.on('message', (answer: ShrinkReply) => process.send?.(answer))
  worker.on('error', ({ message }: Error) => process.send?.({ failure: { message, hint: '' } } satisfies ShrinkReply))
})
