/** sealstone init */
import { excerpt, SealstoneError } from '#core'
import { initHome } from '#daemon'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { visible } from '../text.ts'

type InitOptions = { token?: string; tokenEnv?: string[]; module?: string; suite?: string; key?: string; logOrigin?: string }

export async function run({ output, home }: CommandContext, _operands: readonly string[], options: InitOptions): Promise<ExitStatus> {
  const { token, tokenEnv, module, suite, key, logOrigin } = options
  const report = await initHome({
    home,
    ...(token === undefined ? {} : { token }),
    ...(tokenEnv === undefined ? {} : { tokenEnv: variables(tokenEnv, token) }),
    ...(module === undefined ? {} : { module }),
    ...(suite === undefined ? {} : { suite }),
    ...(key === undefined ? {} : { key }),
    ...(logOrigin === undefined ? {} : { logOrigin }),
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

function variables(assignments: readonly string[], token: string | undefined): Record<string, string> {
  const hint = "for example: --token 'pkcs11:…' --token-env SOFTHSM2_CONF=/etc/softhsm2.conf"
  if (token === undefined) throw new SealstoneError('USAGE', '--token-env is for a token named with --token', { hint })
  return Object.fromEntries(
    assignments.map((assignment) => {
      const at = assignment.indexOf('=')
      if (at < 1) throw new SealstoneError('USAGE', `--token-env is ${excerpt(assignment)}, want NAME=VALUE`, { hint })
      return [assignment.slice(0, at), assignment.slice(at + 1)]
    }),
  )
}
