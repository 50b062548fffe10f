/** sealstone init */
import { initHome } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { visible } from '../text.ts'
import { variables } from '../token-environment.ts'

type InitOptions = {
  token?: string
  tokenEnv?: string[]
  module?: string
  suite?: string
  key?: string
  logOrigin?: string
  tokenSerial?: 'plain' | 'hashed'
  recoveryRecipient?: string[]
}

export async function run({ output, home }: CommandContext, _operands: readonly string[], options: InitOptions): Promise<ExitStatus> {
  const { token, tokenEnv, module, suite, key, logOrigin, tokenSerial, recoveryRecipient } = options
  const report = await initHome({
    home,
    ...(token === undefined ? {} : { token }),
    ...(tokenEnv === undefined ? {} : { tokenEnv: variables(tokenEnv, token) }),
    ...(module === undefined ? {} : { module }),
    ...(suite === undefined ? {} : { suite }),
    ...(key === undefined ? {} : { key }),
    ...(logOrigin === undefined ? {} : { logOrigin }),
    ...(tokenSerial === undefined ? {} : { serial: tokenSerial }),
    ...(recoveryRecipient === undefined ? {} : { recoveryRecipients: recoveryRecipient }),
  })
  if (output.json) {
    output.record(report)
    return EXIT.ok
  }
  output.line(`${output.good('ready')}  ${visible(report.home)}`)
  output.line(`  token      ${visible(`${report.token.label} (${report.token.model}, serial ${report.token.serial})`)}`)
  output.line(`  key        ${visible(report.key.name)}, ${visible(report.key.suite)}`)
  output.line(`             sha256:${visible(report.key.fingerprint)}`)
  if (report.key.companionFingerprint !== undefined) output.line(`  companion  sha256:${visible(report.key.companionFingerprint)}`)
  output.line(`  audit log  ${visible(report.log.origin)}`)
  output.note('next: sealstone serve')
  return EXIT.ok
}
