/** Sign and verify 4 × 1 GiB: time, and the highest resident memory of the command line and of the daemon. */
import { spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { initHome, LAUNCHER, peakMemoryMiB, startDaemon, temporaryFolder } from '../support/sealstone.ts'

using folder = temporaryFolder('sealstone-bench-')
using home = await initHome()
await using daemon = await startDaemon(home.home)
const model = join(folder.path, 'model')
writeShards(model, 4)

console.log('| 4 × 1 GiB of random bytes | seconds | highest RSS of the command, MiB | of the daemon, MiB |\n|---|---|---|---|')
for (const command of ['sign', 'verify']) {
  const { seconds, peakMiB } = await measure([command, model])
  console.log(`| sealstone ${command} | ${seconds.toFixed(2)} | ${peakMiB.toFixed(0)} | ${peakMemoryMiB(daemon.pid).toFixed(0)} |`)
}
console.log(`\nkey host: ${peakMemoryMiB(daemon.keyHostPid()).toFixed(0)} MiB (bar: command and daemon under 150 MiB each)`)

function measure(args: readonly string[]): Promise<{ seconds: number; peakMiB: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(LAUNCHER, args, { env: { ...process.env, SEALSTONE_HOME: home.home }, stdio: ['ignore', 'ignore', 'inherit'] })
    let peakMiB = 0
    const timer = setInterval(() => {
      try {
        peakMiB = Math.max(peakMiB, peakMemoryMiB(child.pid as number))
      } catch {
        clearInterval(timer) // the process has ended; VmHWM never falls, so the last reading stands
      }
    }, 10)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(timer)
      if (code === 0) resolve({ seconds: (performance.now() - start) / 1000, peakMiB })
      else reject(new Error(`sealstone ${args.join(' ')} ended with ${code}`))
    })
  })
}

function writeShards(directory: string, count: number): void {
  mkdirSync(directory)
  const block = Buffer.alloc(64 * 2 ** 20)
  for (let shard = 0; shard < count; shard++) {
    const file = openSync(join(directory, `model-0000${shard + 1}-of-0000${count}.safetensors`), 'w')
    for (let written = 0; written < 2 ** 30; written += block.length) writeSync(file, randomFillSync(block))
    closeSync(file)
  }
}
