/** A process that signs into a log until it is killed: eight loops of intent and outcome, each answer told on stdout once it was given. */
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { fromHex, newOperationId, utf8 } from '#core'
import { softwareLog } from '../support/software-log.ts'
import { intent, openLog, outcome } from './support.ts'

const [folder, seed, round] = process.argv.slice(2) as [string, string, string]
const { audit } = await openLog(folder, softwareLog('log.example/models', fromHex(seed)))
writeSync(1, `recovered ${await audit.recover()}\n`)

async function signForever(loop: number): Promise<never> {
  for (let count = 0; ; count++) {
    const operationId = newOperationId()
    const intended = await audit.append(intent({ operationId }))
    writeSync(1, `intent ${intended.index}\n`)
    const key = `local\0${round}-${loop}-${count}`
    const build = ({ proof }: { proof: string }): Uint8Array => utf8(`${key}\n${proof}`)
    const { index, answer } = await audit.complete(outcome({ operationId }), { key, requestDigest: 'd', build })
    const digest = createHash('sha256')
      .update(answer as Uint8Array)
      .digest('hex')
    writeSync(1, `answer ${index} ${Buffer.from(key).toString('hex')} ${digest}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, loop) => signForever(loop)))
