/** An inclusion proof drawn: the path from the entry up to the signed root, and beside it the hash that is joined at each step. */
import { count, short } from './format.ts'
import type { ProofDrawing, ProofStep } from './judgement.ts'

export function ProofPicture({ proof }: { readonly proof: ProofDrawing }) {
  const { steps, size, index } = proof
  const height = TOP + (steps.length + 1) * STEP + 14
  const y = (level: number): number => height - 34 - level * STEP
  return (
    <figure class="proof">
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={spoken(proof)}>
        <line class="path" x1={MIDDLE} y1={y(0)} x2={MIDDLE} y2={y(steps.length)} />
        {steps.map((step, at) => (
          <Joint key={at} step={step} y={y(at)} next={y(at + 1)} isRoot={at === steps.length - 1} />
        ))}
        <g>
          <rect class="node leaf" x={MIDDLE - 8} y={y(0) - 8} width="16" height="16" rx="3" />
          <text x={MIDDLE} y={y(0) + 22} class="strong" text-anchor="middle">
            entry {count(index)}
          </text>
          {steps.length === 0 && <circle class="node root" cx={MIDDLE} cy={y(0)} r="8" />}
        </g>
        <text x={MIDDLE} y={y(steps.length) - 14} class="strong" text-anchor="middle">
          signed root of {count(size)} entries
        </text>
      </svg>
      <figcaption>
        {steps.length === 0
          ? 'The entry is the whole tree: its hash is the signed root.'
          : `${steps.length} hashes lead from the entry to the root that both log keys signed; this page has joined them.`}
      </figcaption>
    </figure>
  )
}

function Joint({ step, y, next, isRoot }: { readonly step: ProofStep; readonly y: number; readonly next: number; readonly isRoot: boolean }) {
  const x = step.side === 'left' ? MIDDLE - SIDE : MIDDLE + SIDE
  const last = BigInt(step.to) - 1n
  const range = BigInt(step.from) === last ? count(last) : `${count(step.from)}–${count(last)}`
  return (
    <g>
      <path class="edge" d={`M ${x} ${y} C ${x} ${(y + next) / 2}, ${MIDDLE} ${(y + next) / 2}, ${MIDDLE} ${next}`} />
      <circle class="node sibling" cx={x} cy={y} r="6">
        <title>{step.sibling}</title>
      </circle>
      <text x={step.side === 'left' ? x - 12 : x + 12} y={y - 1} text-anchor={step.side === 'left' ? 'end' : 'start'}>
        {range}
      </text>
      <text class="hash" x={step.side === 'left' ? x - 12 : x + 12} y={y + 11} text-anchor={step.side === 'left' ? 'end' : 'start'}>
        {short(step.sibling, 8)}
      </text>
      <circle class={`node ${isRoot ? 'root' : 'joined'}`} cx={MIDDLE} cy={next} r={isRoot ? 8 : 5}>
        <title>{step.parent}</title>
      </circle>
    </g>
  )
}

function spoken({ index, size, steps, root }: ProofDrawing): string {
  const joined = steps.map(({ side, from, to }) => `${side} entries ${from} to ${BigInt(to) - 1n}`).join('; ')
  return `Proof that entry ${index} is among ${size}: from the entry, joined with ${joined || 'nothing'}, to root ${root.slice(0, 16)}`
}

const WIDTH = 420
const MIDDLE = 210
const SIDE = 70
const STEP = 38
const TOP = 30
