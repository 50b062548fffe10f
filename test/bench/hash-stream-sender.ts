/** Streams zeros with an ordinary grpc-js client, told by its parent, and says how long it took. */
import { once } from 'node:events'
import { credentials } from '@grpc/grpc-js'
import { loadProtos } from '#wire'

export interface ToSender {
  readonly socket: string
  readonly streams: number
  readonly mib: number
  readonly hashType: 'HASH_TYPE_SHA256' | 'HASH_TYPE_BLAKE3'
}

export interface Sent {
  readonly seconds: number
}

process.once('message', async (task: ToSender) => {
  const { HashService } = loadProtos()
  const data = Buffer.alloc(256 * 1024)
  const size = task.mib * 1024 * 1024
  const start = performance.now()
  await Promise.all(
    Array.from({ length: task.streams }, async (_, at) => {
      // A connection for each, as different callers have.
      const client = new HashService(`unix:${task.socket}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const call = client.hashStream((error) => (error === null ? resolve() : reject(error)))
      call.write({ open: { streamId: `${process.pid}-${at}`, name: 'weights.bin', size: String(size), hashType: task.hashType } })
      for (let offset = 0; offset < size; offset += data.length)
        if (!call.write({ chunk: { offset: String(offset), data } })) await Promise.race([once(call, 'drain'), promise])
      call.write({ close: { size: String(size) } })
      call.end()
      await promise
      client.close()
    }),
  )
  process.send?.({ seconds: (performance.now() - start) / 1000 } satisfies Sent)
  process.disconnect?.()
})
