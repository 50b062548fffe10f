/** A witness that dies between storing a checkpoint and cosigning it, as if the power had gone. Run by crash.test.ts with its directory. */
import { silentLogger, systemClock } from '#core'
import { runWitness } from '#witness'

const [directory = ''] = process.argv.slice(2)
const witness = await runWitness({ directory, clock: systemClock, logger: silentLogger, onStored: () => process.kill(process.pid, 'SIGKILL') })
process.stdout.write(`${witness.url}\n`)
