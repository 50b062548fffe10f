/** Appends to a log that a witness cosigns, and prints each entry that a quorum covers, until it is killed. Run by crash.test.ts. */
import { CosignatureStore } from '#audit'
import { fromHex, silentLogger, systemClock } from '#core'
import { Cosigning } from '#cosigning'
import { parseWitness } from '#tlog'
import { openLog, outcome } from '../audit/support.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'

const [folder = '', origin = '', seed = '', url = '', ...vkeys] = process.argv.slice(2)
const log = await openLog(folder, softwareLog(origin, fromHex(seed)))
const cosigning = new Cosigning({
  log: log.audit,
  keeper: new CosignatureStore(log.db),
  witnesses: [{ witness: parseWitness(vkeys), url }],
  quorum: 1,
  verifier: nobleVerifier,
  clock: systemClock,
  logger: silentLogger,
  pauseMs: 1,
})
cosigning.start()
await Promise.all(
  Array.from({ length: 4 }, async () => {
    for (;;) {
      const { index } = await log.audit.complete(outcome())
      await cosigning.waitFor(index, 60_000)
      process.stdout.write(`${index}\n`)
    }
  }),
)
