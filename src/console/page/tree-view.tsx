/** The tree as a whole: the complete subtrees that its root is made of, and where one entry hangs in it. */
import { useEffect, useState } from 'preact/hooks'
import { fetchEntries } from './api.ts'
import { toEntry } from './entry.ts'
import { count, groups, minute } from './format.ts'
import type { LogJudgement, ProofDrawing } from './judgement.ts'
import { ProofPicture } from './proof-picture.tsx'
import { type Peak, peaks } from './peaks.ts'
import type { Verifier } from './verifier-client.ts'

export interface TreeViewProps {
  readonly verifier: Verifier
  readonly log: LogJudgement | undefined
  readonly entry: string | undefined
  readonly onChoose: (entry: string) => void
}

export function TreeView({ verifier, log, entry, onChoose }: TreeViewProps) {
  const [typed, setTyped] = useState(entry ?? '')
  const [proof, setProof] = useState<ProofDrawing | string>()
  useEffect(() => {
    setProof(undefined)
    if (entry === undefined || log?.kind !== 'checked') return
    setTyped(entry)
    const stop = new AbortController()
    prove(entry, verifier, stop.signal).then(setProof, (thrown: Error) => stop.signal.aborted || setProof(thrown.message))
    return () => stop.abort()
  }, [entry, log?.kind])

  if (log === undefined) return <p class="empty">Checking the log…</p>
  if (log.kind === 'refused') return <p class="empty">There is no tree to show: the checkpoint is not believed.</p>
  const all = peaks(BigInt(log.size))
  return (
    <section class="sheet" aria-labelledby="tree-title">
      <h2 id="tree-title">Tree</h2>
      <dl class="facts wide">
        <div>
          <dt>Entries</dt>
          <dd>{count(log.size)}</dd>
        </div>
        <div>
          <dt>Root</dt>
          <dd>
            <code>{groups(log.root)}</code>
          </dd>
        </div>
        <div>
          <dt>Signed by both log keys</dt>
          <dd>{minute(log.signedAt)}</dd>
        </div>
        {log.witnessed !== undefined && (
          <div>
            <dt>Cosigned by a quorum of witnesses</dt>
            <dd>
              {log.witnessed.size === '0'
                ? 'nothing: quorum not reached'
                : `the first ${count(log.witnessed.size)} entries, by ${log.witnessed.by.join(', ')}`}
            </dd>
          </div>
        )}
        <div>
          <dt>Extends</dt>
          <dd>
            {log.extends === undefined
              ? 'the first checkpoint that this browser has seen of this log'
              : `the checkpoint of ${count(log.extends.size)} entries that this browser checked on ${log.extends.seenAt.slice(0, 16).replace('T', ' ')} UTC`}
          </dd>
        </div>
      </dl>
      <h3>What the root stands on</h3>
      <p class="quiet">Complete subtrees, from left to right; the root joins them from the right. Widths are by the power of two.</p>
      <PeakPicture peaks={all} entry={entry === undefined ? undefined : BigInt(entry)} />
      <h3>One entry in it</h3>
      <form
        class="choose"
        onSubmit={(event) => {
          event.preventDefault()
          if (/^\d{1,18}$/.test(typed)) onChoose(typed)
        }}
      >
        <label class="field">
          <span>Number of the entry</span>
          <input inputMode="numeric" pattern="[0-9]{1,18}" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <button type="submit">Prove it</button>
      </form>
      <div role="status">
        {typeof proof === 'string' && <p class="bad">{proof}</p>}
        {typeof proof === 'object' && <ProofPicture proof={proof} />}
      </div>
    </section>
  )
}

async function prove(index: string, verifier: Verifier, signal: AbortSignal): Promise<ProofDrawing> {
  const { entries } = await fetchEntries({ before: BigInt(index) + 1n, limit: 1 }, signal)
  const [found] = entries
  if (found?.index !== index) throw new Error(`the log has no entry ${index}`)
  return await verifier.ask('draw', { index, bytes: toEntry(found).bytes })
}

function PeakPicture({ peaks: all, entry }: { readonly peaks: readonly Peak[]; readonly entry: bigint | undefined }) {
  const widths = all.map(({ height }) => 24 + height * 9)
  const width = widths.reduce((total, one) => total + one + GAP, 0)
  const tallest = Math.max(...all.map(({ height }) => height), 1)
  const bottom = 16 + tallest * LEVEL
  let x = 0
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Subtrees">
      <svg class="peaks" width={width} height={bottom + 34} role="img" aria-label={`${all.length} complete subtrees`}>
        {all.map(({ from, to, height }, at) => {
          const left = x
          const own = widths[at] ?? 24
          x += own + GAP
          const isHome = entry !== undefined && entry >= from && entry < to
          return (
            <g key={at} class={isHome ? 'home' : ''}>
              <path class="peak" d={`M ${left} ${bottom} L ${left + own / 2} ${bottom - 8 - height * LEVEL} L ${left + own} ${bottom} Z`}>
                <title>{`entries ${from} to ${to - 1n}`}</title>
              </path>
              <text x={left + own / 2} y={bottom + 14} text-anchor="middle">
                2{superscript(height)}
              </text>
            </g>
          )
        })}
      </svg>
    </div>
  )
}

function superscript(value: number): string {
  return Array.from(String(value), (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')
}

const GAP = 6
const LEVEL = 6
