/** The story of one entry: what was asked, what came of it, which signatures were made, and the proof that it is in the log. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { fetchEntries } from './api.ts'
import { type Entry, keyText, subject, summary, text, toEntry, tone } from './entry.ts'
import { count, short, time } from './format.ts'
import type { LogJudgement, ProofDrawing } from './judgement.ts'
import { Mark, proofClass } from './mark.tsx'
import { ProofPicture } from './proof-picture.tsx'
import { saveFile } from './save-file.ts'
import type { Verifier } from './verifier-client.ts'

export interface StoryProps {
  readonly index: string
  readonly verifier: Verifier
  readonly log: LogJudgement | undefined
  readonly onOpen: (index: string) => void
  readonly onClose: () => void
}

export function Story({ index, verifier, log, onOpen, onClose }: StoryProps) {
  const [entry, setEntry] = useState<Entry>()
  const [steps, setSteps] = useState<readonly Entry[]>([])
  const [proof, setProof] = useState<ProofDrawing | string>()
  const [error, setError] = useState<string>()
  const title = useRef<HTMLHeadingElement>(null)
  const isCovered = log?.kind === 'checked' && log.witnessed !== undefined && BigInt(log.witnessed.size) > BigInt(index)

  useEffect(() => title.current?.focus({ preventScroll: true }), [])
  useEffect(() => {
    if (log === undefined) return
    const stop = new AbortController()
    loadStory(index, verifier, stop.signal).then(
      async ({ entry: loaded, steps: all }) => {
        setEntry(loaded)
        setSteps(all)
        setProof(await verifier.ask('draw', { index, bytes: loaded.bytes }).catch((thrown: Error) => thrown.message))
      },
      (thrown: Error) => stop.signal.aborted || setError(thrown.message),
    )
    return () => stop.abort()
    // What witnesses vouch for grows: the story is judged again when it comes to cover this entry.
  }, [index, log?.kind, isCovered])

  const leaf = entry?.leaf ?? {}
  return (
    <aside class={`story ${entry === undefined ? '' : proofClass(entry.judgement)}`} aria-labelledby="story-title">
      <div class="story-head">
        <h2 id="story-title" ref={title} tabIndex={-1}>
          Entry {count(index)}
          {entry !== undefined && <span class={`what ${tone(leaf)}`}> {summary(leaf)}</span>}
        </h2>
        <button type="button" onClick={onClose}>
          Close<span class="word"> the story</span>
        </button>
      </div>
      {error !== undefined && <p class="alarm">{error}</p>}
      {entry !== undefined && (
        <>
          <p class="verdict">
            <Mark judgement={entry.judgement} isLong />
            {entry.judgement?.reason !== undefined && <span> {entry.judgement.reason}</span>}
          </p>
          <h3>What happened</h3>
          <ol class="steps">
            {steps.map((step) => (
              <li key={step.index} class={proofClass(step.judgement)} aria-current={step.index === index ? 'step' : undefined}>
                <Mark judgement={step.judgement} />
                <button type="button" class="link" onClick={() => onOpen(step.index)}>
                  {count(step.index)}
                </button>
                <span class={`what ${tone(step.leaf)}`}>{summary(step.leaf)}</span>
                <time class="quiet" dateTime={text(step.leaf.time)}>
                  {time(text(step.leaf.time))}
                </time>
                {step.leaf.errorCode !== undefined && <code>{text(step.leaf.errorCode)}</code>}
              </li>
            ))}
          </ol>
          <Facts entry={entry} />
          <Signatures value={leaf['signatures']} />
          <h3>Proof</h3>
          {proof === undefined && <p class="quiet">Reading the tree…</p>}
          {typeof proof === 'string' && <p class="bad">{proof}</p>}
          {typeof proof === 'object' && (
            <>
              <ProofPicture proof={proof} />
              <p class="buttons">
                <button type="button" onClick={() => saveFile(`entry-${index}.receipt.txt`, proof.receipt)}>
                  Save the receipt
                </button>
                <button type="button" onClick={() => saveFile(`entry-${index}.json`, entry.text)}>
                  Save the entry
                </button>
                <a href={`#/tree/${index}`}>Show in the tree</a>
              </p>
            </>
          )}
          <h3 id="raw-title">As it is in the log</h3>
          <pre class="raw" tabIndex={0} role="region" aria-labelledby="raw-title">
            {entry.text === '' ? '(not text)' : JSON.stringify(leaf, undefined, 2)}
          </pre>
        </>
      )}
    </aside>
  )
}

async function loadStory(index: string, verifier: Verifier, signal: AbortSignal): Promise<{ entry: Entry; steps: readonly Entry[] }> {
  const { entries } = await fetchEntries({ before: BigInt(index) + 1n, limit: 1 }, signal)
  const [found] = entries
  if (found?.index !== index) throw new Error(`the log has no entry ${index}`)
  const entry = toEntry(found)
  const operationId = text(entry.leaf.operationId)
  const related = /^[0-9a-f]{32}$/.test(operationId) ? (await fetchEntries({ operationId, limit: MOST_STEPS }, signal)).entries.map(toEntry) : []
  // The entry itself as it was shown, whatever the search says of it.
  const all = [entry, ...related.filter((step) => step.index !== index)].sort((left, right) => Number(BigInt(left.index) - BigInt(right.index)))
  const judged = await verifier.ask('check', { entries: all.map(({ index: at, bytes }) => ({ index: at, bytes })) })
  const steps = all.map((step, at) => ({ ...step, ...(judged[at] === undefined ? {} : { judgement: judged[at] }) }))
  return { entry: steps.find((step) => step.index === index) ?? entry, steps }
}

function Facts({ entry: { leaf } }: { readonly entry: Entry }) {
  const rows: [string, string][] = [
    ['Time', `${time(text(leaf.time))} UTC`],
    ['Caller', text(leaf.caller)],
    ['Operation', text(leaf.operation)],
    ['Key', keyText(leaf)],
    ['Suite', text(leaf['suite'])],
    ['Subject', subject(leaf)],
    ['Digest', text(leaf['modelDigest'])],
    ['Files', text(leaf['resourceCount'])],
    ['Digests made by', text(leaf['digestSource'])],
    ['Signed bytes', text(leaf['signedBytesDigest'])],
    ['Result', [text(leaf.result), text(leaf.errorCode)].filter(Boolean).join(', ')],
    ['Reason', text(leaf.reason)],
  ]
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}

function Signatures({ value }: { readonly value: unknown }) {
  if (!Array.isArray(value)) return null
  const signatures = value as readonly Readonly<Record<string, unknown>>[]
  return (
    <>
      <h3>Signatures</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of signatures">
        <table>
          <thead>
            <tr>
              <th scope="col">Role</th>
              <th scope="col">Suite</th>
              <th scope="col">By key</th>
              <th scope="col">Digest</th>
            </tr>
          </thead>
          <tbody>
            {signatures.map((signature, at) => (
              <tr key={at}>
                <th scope="row">{text(signature['role'])}</th>
                <td>{text(signature['suite'])}</td>
                <td>
                  <code title={text(signature['keyFingerprint'])}>{short(text(signature['keyFingerprint']))}</code>
                </td>
                <td>
                  <code title={text(signature['digest'])}>{short(text(signature['digest']).replace('sha256:', ''))}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

const MOST_STEPS = 100
