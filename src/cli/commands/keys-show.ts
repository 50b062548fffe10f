/** sealstone keys show */
import type { KeyInfo } from '#client'
import { defined, describeHalf, describeValidation } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { table, visible } from '../text.ts'
import { keyRecord, stateText } from './key-record.ts'

export async function run(
  context: CommandContext,
  [name = '']: readonly string[],
  options: ConnectionOptions & { keyVersion?: number },
): Promise<ExitStatus> {
  const { output, home, signal } = context
  await using client = await openClient(home, options)
  const key = await client.getKey(name, { signal, ...defined({ version: options.keyVersion }) })
  if (output.json) {
    output.record(keyRecord(key))
    return EXIT.ok
  }
  const versions = (await client.listKeys({ signal })).filter((other) => other.name === key.name)
  for (const line of table(describeKey(key, versions).map((row) => row.map(visible)))) output.line(line)
  if (key.quarantine !== undefined) {
    output.warn(`it does not sign: ${visible(key.quarantine)}`)
    output.note(`Run sealstone doctor; once the cause is mended: sealstone keys enable ${visible(name)} --key-version ${key.version}`)
    if (key.protection.recoverable === true)
      output.note(`If the token has it no longer: sealstone keys restore --key ${visible(name)} --key-version ${key.version} --identity FILE`)
  }
  return EXIT.ok
}

function describeKey(key: KeyInfo, versions: readonly KeyInfo[]): string[][] {
  const { protection, companion, policy } = key
  return [
    ['name', key.name],
    ['version', String(key.version)],
    ['state', stateText(key)],
    ...(key.reason === undefined ? [] : [['reason', key.reason]]),
    ['possible now', key.actions.join(', ') || '-'],
    ...(versions.length < 2 ? [] : [['versions', versions.map(({ version, state }) => `${version} ${state}`).join(', ')]]),
    ['suite', key.suite],
    ['origin', key.origin],
    ['fingerprint', `sha256:${key.fingerprint}`],
    ['created', key.createdAt.toISOString()],
    ...Object.entries(key.times).map(([state, time]) => [`${state} since`, time.toISOString()]),
    ...(key.notBefore === undefined ? [] : [['not before', key.notBefore.toISOString()]]),
    ...(key.notAfter === undefined ? [] : [['not after', key.notAfter.toISOString()]]),
    ['min versions', `sign ${policy.minSignVersion}, verify ${policy.minVerifyVersion}`],
    ['rotation', policy.rotationDays === undefined ? 'by hand' : `every ${policy.rotationDays} days`],
    ['deletion', policy.deletionAllowed ? 'allowed' : 'not allowed'],
    ...(companion === undefined ? [] : [['companion', `${companion.suite}, sha256:${companion.fingerprint}`]]),
    [
      'token',
      `${protection.tokenModel}, serial ${protection.tokenSerial}${protection.firmware === undefined ? '' : `, firmware ${protection.firmware}`}`,
    ],
    ['module', protection.module],
    ...(protection.validations ?? []).map((validation) => ['validated', describeValidation(validation)]),
    ...protection.halves.map((half) => [
      `${half.role} half`,
      key.state === 'destroyed' ? `destroyed; was ${describeHalf(half)}` : describeHalf(half),
    ]),
  ]
}
