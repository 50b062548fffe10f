/** Whether the witnesses of the log answer, and whether enough of them do: each gets a request that it can only refuse. */
import type { DoctorCheck } from './doctor.ts'
import type { WitnessSettings } from './witness-settings.ts'

export async function checkWitnesses({ witnesses, quorum }: WitnessSettings): Promise<DoctorCheck> {
  const answers = await Promise.all(witnesses.map(async ({ witness, url }) => ({ name: witness.name, answers: await doesAnswer(url) })))
  const silent = answers.filter((one) => !one.answers).map(({ name }) => name)
  const detail = `${answers.length - silent.length} of ${answers.length} answer, a quorum is ${quorum}`
  if (silent.length === 0) return { name: 'witnesses', status: 'ok', detail }
  return {
    name: 'witnesses',
    status: 'warn',
    detail: `${detail}; silent: ${silent.join(', ')}`,
    hint: 'look at their URLs in config.toml, or ask who runs them; signing goes on without them',
  }
}

/** c2sp.org/tlog-witness: what is no request is answered with 400. Anything but a failure of the server means that one is there. */
async function doesAnswer(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: '\n',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await response.body?.cancel()
    return response.status < 500
  } catch {
    return false
  }
}

const TIMEOUT_MS = 3000
