/** What an operator does: the commands of docs/operations.md, and signing a model as the user of the daemon. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { PROJECT } from '../support/sealstone.ts'
import type { Machine } from './machine.ts'

/** A block of commands of a section of the document, as it stands there. */
export function commands(section: string, which: number): string {
  const [, after = ''] = readFileSync(join(PROJECT, 'docs/operations.md'), 'utf8').split(new RegExp(`^#+ ${section}$`, 'm'))
  const [text = ''] = after.split(/^#+ /m)
  const block = [...text.matchAll(/^```sh\n(.*?)^```$/gms)][which]?.[1]
  if (block === undefined) throw new Error(`docs/operations.md has no block of commands ${which} in ${section}`)
  return block
}

export function asDaemon(command: string): string {
  return `runuser -u sealstone -- env SEALSTONE_HOME=/var/lib/sealstone /opt/sealstone/src/cli/sealstone ${command}`
}

/** Signs /srv/model, which it makes. */
export async function signModel(machine: Machine): Promise<void> {
  await machine.ok('mkdir -p /srv/model && echo weights >/srv/model/weights.bin && chown -R sealstone /srv/model')
  expect(await machine.ok(asDaemon('sign /srv/model'))).toContain('signed  /srv/model')
}
