/** How much memory is held. When an engine collects its garbage is its own business, and later on a busy machine: so it is told to before it is asked. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes in buffers that somebody in this process still needs. */
export function heldBufferBytes(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}

/** Bytes of the heap that somebody in this process still needs. */
export function heldHeapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Twice: buffers are given back while the next collection begins. */
function collect(): void {
  garbage()
  garbage()
}

setFlagsFromString('--expose-gc')
const garbage = runInNewContext('gc') as () => void
