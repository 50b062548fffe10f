/** sealstone audit resolve */
import { excerpt, SealstoneError } from '#core'
import { type CommandContext, EXIT, type ExitStatus } from '../command.ts'
import { table, visible } from '../text.ts'
import { readWhoIs, type WhoIsOptions } from '../who-is.ts'

/** Without a pseudonym, those of all candidates; with some, who they are: exit code 1 if one of them is nobody of these. */
export async function run({ output, home }: CommandContext, operands: readonly string[], options: WhoIsOptions): Promise<ExitStatus> {
  const { isPseudonym } = await import('#pseudonyms')
  const asked = operands.filter(isPseudonym)
  // No identity begins like this: one that lost a character would be taken for a name, and get a pseudonym of its own.
  const damaged = operands.find((operand) => operand.startsWith('p:') && !isPseudonym(operand))
  if (damaged !== undefined) throw new SealstoneError('USAGE', `pseudonym is ${excerpt(damaged)}, want p: and 22 characters, as audit list shows it`)
  const whoIs = await readWhoIs(
    home,
    options,
    operands.filter((operand) => !isPseudonym(operand)),
  )
  if (whoIs.size === 0)
    throw new SealstoneError('USAGE', 'there are no identities to try', { hint: 'name some, or a file of them with --identities FILE' })
  const found = (asked.length === 0 ? [...whoIs.keys()] : asked).map((pseudonym) => ({ pseudonym, identity: whoIs.get(pseudonym) }))
  if (output.json) for (const { pseudonym, identity = null } of found) output.record({ pseudonym, identity })
  else
    for (const line of table(found.map(({ pseudonym, identity }) => [pseudonym, identity === undefined ? 'none of these' : visible(identity)])))
      output.line(line)
  return found.every(({ identity }) => identity !== undefined) ? EXIT.ok : EXIT.failed
}
