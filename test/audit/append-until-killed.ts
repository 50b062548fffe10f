/**
 * A process that signs into a log until it is killed: eight loops of intent and outcome, each answer told on stdout once it was given, each
 * refusal by its code. SIGTERM closes the log.
 */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fromHex, newOperationId, toSealstoneError, utf8 } from '#core'
import { softwareLog } from '../support/software-log.ts'
import { intent, openLog, outcome } from './support.ts'

const [folder, seed, round] = process.argv.slice(2) as [string, string, string]
const open = await openLog(folder, softwareLog('log.example/models', fromHex(seed)))
const { audit } = open
let stopped = false
process.on('SIGTERM', () => {
  stopped = true
})
writeSync(1, `recovered ${await audit.recover()}\n`)

async function signForever(loop: number): Promise<void> {
  for (let count = 0; !stopped; count++) {
    try {
      await signOnce(`local\0${round}-${loop}-${count}`)
    } catch (error) {
      writeSync(1, `failed ${toSealstoneError(error).code}\n`)
      await pause(5)
    }
  }
}

async function signOnce(key: string): Promise<void> {
  const operationId = newOperationId()
  const intended = await audit.append(intent({ operationId }))
  writeSync(1, `intent ${intended.index}\n`)
  const build = ({ proof }: { proof: string }): Uint8Array => utf8(`${key}\n${proof}`)
  const { index, answer } = await audit.complete(outcome({ operationId }), { key, requestDigest: 'd', build })
  const digest = createHash('sha256')
    .update(answer as Uint8Array)
    .digest('hex')
  writeSync(1, `answer ${index} ${Buffer.from(key).toString('hex')} ${digest}\n`)
}

await Promise.all(Array.from({ length: 8 }, (_, loop) => signForever(loop)))
await open[Symbol.asyncDispose]()
writeSync(1, 'closed 0\n')
