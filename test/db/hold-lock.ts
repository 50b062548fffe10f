/** A process that holds a lock until it is killed, without holding on to the object; run it with --expose-gc. */
import { acquireLock } from '#db'

acquireLock(process.argv[2] as string)
globalThis.gc?.()
process.stdout.write('locked\n')
setInterval(() => {}, 1000)
