/** sealstone keys show */
import type { KeyInfo } from '#client'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { table, visible } from '../text.ts'
import { keyRecord } from './key-record.ts'

export async function run(context: CommandContext, operands: readonly string[], options: ConnectionOptions): Promise<ExitStatus> {
  const { output, home, signal } = context
  await using client = await openClient(home, options)
  const key = await client.getKey(operands[0] ?? '', { signal })
  if (output.json) output.record(keyRecord(key))
  else for (const line of table(describeKey(key).map((row) => row.map(visible)))) output.line(line)
  return EXIT.ok
}

function describeKey(key: KeyInfo): string[][] {
  const { protection, companion } = key
  return [
    ['name', key.name],
    ['version', String(key.version)],
    ['state', key.state],
    ['suite', key.suite],
    ['fingerprint', `sha256:${key.fingerprint}`],
    ['created', key.createdAt.toISOString()],
    ...(companion === undefined ? [] : [['companion', `${companion.suite}, sha256:${companion.fingerprint}`]]),
    ['token', `${protection.tokenModel}, serial ${protection.tokenSerial}`],
    ['module', protection.module],
    ...protection.halves.map((half) => [`${half.role} half`, describeHalf(half)]),
  ]
}

function describeHalf(half: KeyInfo['protection']['halves'][number]): string {
  const facts = [
    half.sensitive === undefined ? undefined : half.sensitive ? 'sensitive' : 'not sensitive',
    half.extractable === undefined ? undefined : half.extractable ? 'extractable' : 'not extractable',
    half.local === true ? 'made in the token' : undefined,
  ]
  const place = half.location === 'token' ? 'in the token' : `sealed by the token${half.sealing === undefined ? '' : ` (${half.sealing})`}`
  return [place, ...facts.filter((fact) => fact !== undefined)].join(', ')
}
