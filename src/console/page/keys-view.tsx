/** The signing keys and their states, as the trust file has them: signed by both log keys. */
import { minute, short } from './format.ts'
import type { KeyRow, TrustJudgement } from './judgement.ts'

export function KeysView({ trust }: { readonly trust: TrustJudgement | undefined }) {
  if (trust === undefined) return <p class="empty">No trust file was accepted, so there are no keys to show.</p>
  return (
    <section class="sheet" aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <p class="quiet">
        From trust file number {trust.serial}, signed by both log keys, issued {minute(Date.parse(trust.issuedAt))}, good until{' '}
        {minute(Date.parse(trust.expiresAt))}.
      </p>
      {trust.keys.length === 0 ? (
        <p class="empty">There are no keys yet.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label="Table of keys">
          <table>
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col">State</th>
                <th scope="col">Suite</th>
                <th scope="col">Fingerprint</th>
                <th scope="col">Since</th>
                <th scope="col">Note</th>
              </tr>
            </thead>
            <tbody>
              {trust.keys.map((key) => (
                <Key key={`${key.name} ${key.version}`} row={key} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Key({ row }: { readonly row: KeyRow }) {
  const since = row.times[row.state] ?? row.notBefore
  return (
    <tr>
      <th scope="row">
        {row.name} v{row.version}
      </th>
      <td>
        <span class={`pill ${STATE_TONES[row.state] ?? 'quiet'}`}>{row.state}</span>
      </td>
      <td>
        {row.suite}
        {row.companionSuite === undefined ? '' : `, with ${row.companionSuite}`}
      </td>
      <td>
        <code title={row.fingerprint}>{short(row.fingerprint, 16)}</code>
      </td>
      <td>{since === undefined ? '' : minute(Date.parse(since))}</td>
      <td>{[row.origin, row.reason].filter(Boolean).join('; ')}</td>
    </tr>
  )
}

const STATE_TONES: Readonly<Record<string, string>> = {
  active: 'good',
  'pre-active': 'quiet',
  suspended: 'odd',
  deactivated: 'quiet',
  compromised: 'bad',
  destroyed: 'quiet',
}
