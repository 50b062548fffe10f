/** `--token-env NAME=VALUE`: what the module of a named token needs. */
import { excerpt, SealstoneError } from '#core'

export function variables(assignments: readonly string[], token: string | undefined): Record<string, string> {
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
