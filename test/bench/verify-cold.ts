/** Cold `sealstone verify` of a tiny model against `model_signing verify key` on the same files: whole processes, in turn, one run. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tinyModel } from '../support/models.ts'
import { initHome, LAUNCHER, PROJECT, runOk, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const MODEL_SIGNING = join(PROJECT, '.cache/model-signing-1.1.1/bin/model_signing')
if (!existsSync(MODEL_SIGNING)) throw new Error(`${MODEL_SIGNING} is missing; run: make setup`)

using folder = temporaryFolder('sealstone-bench-')
using home = await initHome()
const model = tinyModel(join(folder.path, 'model'))
const companion = join(folder.path, 'companion.pem')
const daemon = await startDaemon(home.home)
await runOk(['sign', model], home)
writeFileSync(companion, (await runOk(['keys', 'export', 'default', '--companion'], home)).stdout)
await daemon.stop()

const result = join(folder.path, 'result.json')
const commands = [`${LAUNCHER} verify ${model}`, `${MODEL_SIGNING} verify key --signature ${model}/model.sig --public_key ${companion} ${model}`]
execFileSync('hyperfine', ['-N', '--style', 'none', '--warmup', '3', '--runs', '20', '--export-json', result, ...commands], {
  env: { ...process.env, SEALSTONE_HOME: home.home },
  stdio: ['ignore', 'ignore', 'inherit'],
})
const { results } = JSON.parse(readFileSync(result, 'utf8')) as { results: { median: number; min: number; max: number }[] }
rmSync(result)
const [ours, theirs] = results
if (ours === undefined || theirs === undefined) throw new Error('hyperfine gave no result')
const row = (name: string, times: typeof ours): string => `| ${name} | ${ms(times.median)} | ${ms(times.min)} | ${ms(times.max)} |`
console.log('| verify of a tiny model, whole process, 20 runs | median ms | min | max |\n|---|---|---|---|')
console.log(row('sealstone verify (both halves, receipt, files)', ours))
console.log(row('model_signing 1.1.1 verify key (one signature, files)', theirs))
console.log(`\nratio sealstone / model_signing: ${(ours.median / theirs.median).toFixed(2)} (bar: at most 0.33)`)

function ms(seconds: number): string {
  return (seconds * 1000).toFixed(0)
}
