/** The frame around the views: what log this is, whether it is believed, where to go. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { signOut } from './api.ts'
import { EntriesView } from './entries-view.tsx'
import { count, minute, short } from './format.ts'
import type { Demand, LogJudgement, TrustJudgement, Witnessed } from './judgement.ts'
import { KeysView } from './keys-view.tsx'
import { type View, useRoute, VIEWS } from './route.ts'
import { type Theme, THEMES, useTheme } from './theme.ts'
import { TreeView } from './tree-view.tsx'
import { TrustView } from './trust-view.tsx'
import { Verifier } from './verifier-client.ts'

export function App() {
  const [trust, setTrust] = useState<TrustJudgement>()
  const [log, setLog] = useState<LogJudgement>()
  const [isLive, setLive] = useState(true)
  const [isSignedOut, setSignedOut] = useState(false)
  const [route, go] = useRoute()
  const [theme, colours, setTheme] = useTheme()
  const verifier = useMemo(() => new Verifier({ trust: setTrust, log: setLog, connection: setLive, signedOut: () => setSignedOut(true) }), [])
  const main = useRef<HTMLElement>(null)

  useEffect(() => {
    document.title = `${TITLES[route.view]} · ${trust?.pinned.origin ?? 'Sealstone'}`
  }, [route.view, trust])

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Go to the content
      </a>
      <header class="bar">
        <div class="name">
          <img src="/icon.svg" alt="" width="24" height="24" />
          <div>
            <h1>{trust?.pinned.origin ?? 'Audit log'}</h1>
            <p class="quiet">Sealstone audit log</p>
          </div>
        </div>
        <nav aria-label="Views">
          {VIEWS.map((view) => (
            <a key={view} href={`#/${view}`} aria-current={route.view === view ? 'page' : undefined}>
              {TITLES[view]}
            </a>
          ))}
        </nav>
        <State log={log} isLive={isLive} />
        <div class="tools">
          <label>
            <span class="word">Colours</span>
            <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
              {THEMES.map((name) => (
                <option key={name} value={name}>
                  {THEME_NAMES[name]}
                </option>
              ))}
            </select>
          </label>
          <button type="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
      </header>
      {isSignedOut && (
        <p class="alarm" role="alert">
          <strong>The session is over.</strong> Print a fresh link with <code>sealstone audit console</code>.
        </p>
      )}
      {log?.kind === 'refused' && <Alarm log={log} />}
      {log?.kind === 'checked' && log.witnessed?.size === '0' && <NoQuorum witnessed={log.witnessed} />}
      {trust?.before !== undefined && <Eased before={trust.before} now={trust.demand} />}
      <main id="main" ref={main} tabIndex={-1} class={`view-${route.view}`}>
        {route.view === 'entries' && (
          <EntriesView
            verifier={verifier}
            log={log}
            colours={colours}
            selected={route.entry}
            onOpen={(entry) => go({ view: 'entries', entry })}
            onClose={() => go({ view: 'entries' })}
          />
        )}
        {route.view === 'tree' && <TreeView verifier={verifier} log={log} entry={route.entry} onChoose={(entry) => go({ view: 'tree', entry })} />}
        {route.view === 'keys' && <KeysView trust={trust} />}
        {route.view === 'trust' && <TrustView verifier={verifier} trust={trust} log={log} />}
      </main>
    </>
  )
}

/** Told to screen readers as it changes. */
function State({ log, isLive }: { readonly log: LogJudgement | undefined; readonly isLive: boolean }) {
  const [tone, text] = describe(log)
  return (
    <p class="state" role="status">
      <span class={`pill ${tone}`} title={log?.kind === 'checked' ? `root ${log.root}` : undefined}>
        {text}
        {log?.kind === 'checked' && <span class="when">, signed {minute(log.signedAt)}</span>}
      </span>
      {log?.kind === 'checked' && <span class="quiet root-hash">root {short(log.root)}</span>}
      <span class={`live ${isLive ? 'on' : 'off'}`}>{isLive ? 'live' : 'not connected'}</span>
    </p>
  )
}

function describe(log: LogJudgement | undefined): readonly [tone: string, text: string] {
  if (log === undefined) return ['quiet', 'checking the log…']
  if (log.kind === 'refused' || log.witnessed?.size === '0') return ['bad', '✕ not verified']
  const { size, witnessed } = log
  if (witnessed === undefined || witnessed.size === size) return ['good', `✓ ${count(size)} entries`]
  return ['odd', `✓ ${count(witnessed.size)} of ${count(size)} entries, quorum not reached for the others`]
}

function NoQuorum({ witnessed: { by, of, quorum } }: { readonly witnessed: Witnessed }) {
  return (
    <div class="alarm" role="alert">
      <strong>Quorum not reached.</strong>
      <p>
        The trust file wants cosignatures by {quorum} of {of} witnesses; {by.length === 0 ? 'none has cosigned' : `only ${by.join(', ')} cosigned`}{' '}
        what the daemon shows.
      </p>
      <p>Nothing below is verified until enough of them have: without its witnesses a log may show others another history.</p>
    </div>
  )
}

function Eased({ before, now }: { readonly before: Demand; readonly now: Demand | undefined }) {
  const demand = now === undefined ? 'none' : `cosignatures by ${now.quorum} of ${now.witnesses.length} witnesses, and maybe of others`
  return (
    <div class="alarm" role="alert">
      <strong>The daemon asks for less.</strong>
      <p>
        This browser has seen a trust file of this log that wants cosignatures by {before.quorum} of {before.witnesses.length} witnesses; the one that
        the daemon shows now wants {demand}.
      </p>
      <p>A daemon that hides something would do that. Ask who runs the log. If it is right, bring the new trust file under Trust.</p>
    </div>
  )
}

function Alarm({ log }: { readonly log: LogJudgement & { readonly kind: 'refused' } }) {
  const { title, next } = FAULTS[log.fault]
  return (
    <div class="alarm" role="alert">
      <strong>{title}</strong>
      <p>{log.message}</p>
      <p>{next}</p>
    </div>
  )
}

const TITLES: Readonly<Record<View, string>> = { entries: 'Entries', tree: 'Tree', keys: 'Keys', trust: 'Trust' }
const THEME_NAMES: Readonly<Record<Theme, string>> = { auto: 'Automatic', light: 'Light', dark: 'Dark' }
const EVIDENCE = 'Nothing below is verified. Keep the evidence: do not clear the data of this browser, and compare with another reader of the log.'
const FAULTS = {
  'trust-file': { title: 'The trust file is not valid.', next: EVIDENCE },
  'keys-changed': {
    title: 'These are not the log keys that this browser believes.',
    next: 'Nothing below is verified. If the log was set up anew, see Trust.',
  },
  'not-signed': { title: 'The checkpoint is not signed by both log keys.', next: EVIDENCE },
  'other-log': { title: 'This is another log.', next: EVIDENCE },
  'rolled-back': { title: 'The log was rolled back.', next: EVIDENCE },
  forked: { title: 'The log was rewritten.', next: EVIDENCE },
  unreachable: { title: 'The log could not be checked.', next: 'Nothing below is verified. Load the page again when the daemon answers.' },
} as const
