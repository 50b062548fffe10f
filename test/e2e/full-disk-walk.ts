/** Signs on a disk until it is full, goes on, frees space, signs again, restarts; tells what happened as JSON. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tinyModel } from '../support/models.ts'
import { run, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const disk = process.argv[2] as string
const home = join(disk, 'home')
const ballast = join(disk, 'ballast')
using folder = temporaryFolder()
const model = tinyModel(join(folder.path, 'model'))

await runOk(['init'], { home })
const config = join(home, 'config.toml')
writeFileSync(config, readFileSync(config, 'utf8').replace('# listen = "127.0.0.1:9464"', 'listen = "127.0.0.1:0"'))
const daemon = await startDaemon(home)
await runOk(['sign', model], { home })
fillDisk()
let refused = await run(['sign', model], { home })
for (let round = 0; round < 50 && refused.code === 0; round++) refused = await run(['sign', model], { home })
const counted = await countedRefusals()
rmSync(ballast)
const signedAgain = await run(['sign', model], { home })
const verified = await run(['verify', model], { home })
const stopped = await daemon.stop()

await using restarted = await startDaemon(home)
const lines = (await runOk(['audit', 'list', '--json'], { home })).stdout.trim().split('\n')
const entries = lines.map((line) => JSON.parse(line) as { kind: string; operationId: string })
const closed = new Set(entries.filter(({ kind }) => kind === 'outcome').map(({ operationId }) => operationId))
const open = entries.filter(({ kind, operationId }) => kind === 'intent' && !closed.has(operationId))
console.log(
  JSON.stringify({
    refused,
    counted,
    signedAgain: signedAgain.code,
    verified: verified.code,
    stopped,
    entries: entries.length,
    open,
    pid: restarted.pid,
  }),
)

/** By the metric that the alert SealstoneLogNotWritten looks at. */
async function countedRefusals(): Promise<number> {
  const address = /"address":"(http:[^"]+)"/.exec(daemon.log())?.[1] ?? ''
  return Number(/^sealstone_refused_total\{reason="log"\} (\d+)$/m.exec(await (await fetch(address)).text())?.[1])
}

function fillDisk(): void {
  const block = new Uint8Array(4096)
  try {
    for (;;) appendFileSync(ballast, block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
