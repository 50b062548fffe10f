/** Whether an entry is proven: a sign, a colour and words, never a colour alone. */
import type { EntryJudgement } from './judgement.ts'

export function Mark({ judgement, isLong = false }: { readonly judgement: EntryJudgement | undefined; readonly isLong?: boolean }) {
  const { sign, word, tone } = MARKS[judgement?.state ?? 'checking']
  return (
    <span class={`mark ${tone}`} title={judgement?.reason ?? word}>
      <span aria-hidden="true">{sign}</span>
      <span class={isLong ? '' : 'word'}>{word}</span>
    </span>
  )
}

/** What is not proven does not look as if it were. */
export function proofClass(judgement: EntryJudgement | undefined): string {
  const state = judgement?.state
  return state === undefined || state === 'verified' ? '' : state === 'forged' ? 'unproven forged' : 'unproven'
}

const MARKS = {
  checking: { sign: '…', word: 'checking', tone: 'quiet' },
  verified: { sign: '✓', word: 'verified', tone: 'good' },
  forged: { sign: '✕', word: 'not verified', tone: 'bad' },
  'not-covered': { sign: '◌', word: 'awaits a checkpoint', tone: 'quiet' },
  'no-quorum': { sign: '◌', word: 'not verified: quorum not reached', tone: 'odd' },
  unknown: { sign: '?', word: 'not checked', tone: 'odd' },
} as const
