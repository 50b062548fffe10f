/** What a gateway decides is told to the person at standard error and to the daemon's audit log. gRPC is loaded only when there is something to report. */
import { join } from 'node:path'
import { DecisionQueue, type Report } from '#gateway'
import type { CommandContext } from '../command.ts'
import { type ConnectionOptions, openClient } from '../connection.ts'
import { visible } from '../text.ts'

export interface Telling {
  readonly report: Report
  readonly note: (text: string) => void
  /** Lines of a server's standard error, cleaned before. */
  readonly onErrorLine: (line: string) => void
}

/** The last decisions have some time to reach the daemon after the work; what it does not take by then is kept in a file. */
export async function reportDecisions(
  { output, home }: CommandContext,
  options: ConnectionOptions,
  work: (telling: Telling) => Promise<void>,
): Promise<void> {
  const note = (text: string): void => output.note(visible(text))
  const decisions = new DecisionQueue({ folder: join(home, 'decisions'), connect: () => openClient(home, options), note })
  decisions.sendLeftBehind()
  const report: Report = (decision) => {
    if (decision.decision !== 'allowed') note(`${decision.decision}: ${decision.subject}: ${decision.reason ?? ''}`)
    decisions.add(decision)
  }
  try {
    await work({ report, note, onErrorLine: (line) => output.rawError(`${line}\n`) })
  } finally {
    await decisions.close(LAST_DECISIONS_MS)
  }
}

const LAST_DECISIONS_MS = 1000
