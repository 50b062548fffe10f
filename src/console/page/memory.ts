/** What the page remembers between visits: the log keys it believes and the newest checkpoint it has checked. */
import { createStore, get, set } from 'idb-keyval'

export interface Memory {
  read<Value>(name: string): Promise<Value | undefined>
  write(name: string, value: unknown): Promise<void>
}

/** IndexedDB of this browser, for this web origin. */
export function browserMemory(): Memory {
  const store = createStore('sealstone-console', 'memory')
  return { read: (name) => get(name, store), write: (name, value) => set(name, value, store) }
}
