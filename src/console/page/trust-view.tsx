/** Whom this page believes and why, in words; where a reviewer pins log keys of his own. */
import { useState } from 'preact/hooks'
import { groups, minute } from './format.ts'
import type { LogJudgement, TrustJudgement } from './judgement.ts'
import type { Verifier } from './verifier-client.ts'

export interface TrustViewProps {
  readonly verifier: Verifier
  readonly trust: TrustJudgement | undefined
  readonly log: LogJudgement | undefined
}

export function TrustView({ verifier, trust, log }: TrustViewProps) {
  const [said, setSaid] = useState<string>()
  const [isOver, setOver] = useState(false)
  const pin = (file?: Uint8Array): void => {
    verifier.ask('pin', file === undefined ? {} : { file }).then(
      () => location.reload(),
      (thrown: Error) => setSaid(thrown.message),
    )
  }
  const take = (file: File | undefined): void => {
    if (file === undefined) return
    if (file.size > MAX_FILE) setSaid(`${file.name} is ${file.size} bytes, want a trust file of at most ${MAX_FILE}`)
    else file.bytes().then(pin, (thrown: Error) => setSaid(thrown.message))
  }
  return (
    <section class="sheet" aria-labelledby="trust-title">
      <h2 id="trust-title">Trust</h2>
      {trust !== undefined && (
        <>
          <p>
            This browser believes these two keys of <strong>{trust.pinned.origin}</strong> since {minute(Date.parse(trust.pinned.pinnedAt))}
            {trust.pinned.from === 'file' ? ', from a trust file that was brought here.' : ', from the first answer of this daemon.'}
          </p>
          <dl class="facts wide">
            <div>
              <dt>Fingerprint of both</dt>
              <dd>
                <code>{groups(trust.pinned.fingerprint)}</code>
              </dd>
            </div>
            {trust.logKeys.map(({ type, id, fingerprint }) => (
              <div key={id}>
                <dt>{type}</dt>
                <dd>
                  <code>{groups(fingerprint)}</code> <span class="quiet">key ID {id}</span>
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {trust?.demand !== undefined && (
        <p>
          It demands cosignatures by {trust.demand.quorum} of {trust.demand.witnesses.length} witnesses
          {trust.pinned.demand === undefined ? ', as the trust file of this daemon says.' : ', as the trust file that was brought here says.'}
        </p>
      )}
      <h3>What “verified” means here</h3>
      <ul class="prose">
        <li>
          The entry, to the byte, is at its number in a tree whose root both log keys signed. The page computed that; the server did not say it.
        </li>
        <li>That tree begins with every tree that this browser has seen before. A log that was cut, rolled back or rewritten since is told.</li>
        {trust?.demand !== undefined && <li>Enough witnesses have cosigned that tree, so that nobody was shown another one.</li>}
        <li>The states of the keys under Keys are signed by both log keys.</li>
      </ul>
      <h3>What it does not mean</h3>
      <ul class="prose">
        <li>
          At the first visit the log keys come from the daemon itself. If it lied then, it can go on lying: compare the fingerprint with one that you
          got in another way, or bring your own trust file below.
        </li>
        <li>
          The numbers of the chart are the daemon’s own, and a search can leave entries out. Without a filter the numbers have no gaps, so there
          nothing can be missing.
        </li>
        <li>
          This page comes from the same daemon. One that was replaced could send another page; the command line checks the same with code of your own.
        </li>
        <li>
          That an entry is in the log does not make what it says true: it says what the daemon wrote at the time, and that it was not changed since.
        </li>
      </ul>
      <h3>Bring a trust file of your own</h3>
      <div
        class={`drop${isOver ? ' over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          take(event.dataTransfer?.files[0])
        }}
      >
        <label class="field">
          <span>Trust file (JSON), chosen or dropped here; it stays in this browser</span>
          <input type="file" accept=".json,application/json" onChange={(event) => take(event.currentTarget.files?.[0])} />
        </label>
      </div>
      {log?.kind === 'refused' && log.fault === 'keys-changed' && (
        <p>
          Was the log set up anew, and do you know that the keys that the daemon shows now are right?{' '}
          <button type="button" onClick={() => pin()}>
            Believe the keys that it shows now
          </button>
        </p>
      )}
      <p class="bad" role="alert">
        {said}
      </p>
    </section>
  )
}

const MAX_FILE = 4 * 1024 * 1024
