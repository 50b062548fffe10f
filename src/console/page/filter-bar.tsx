/** What narrows the list: a kind at a click, words, a key, a caller, a time. */
import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { LEAF_KINDS } from '#tlog'
import { type Filter, isEmpty } from './filter.ts'

export interface FilterBarProps {
  readonly filter: Filter
  readonly onChange: (filter: Filter) => void
  readonly search: RefObject<HTMLInputElement | null>
}

export function FilterBar({ filter, onChange, search }: FilterBarProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <div class="chips" role="group" aria-label="Kind of entry">
        {CHIPS.map(({ name, kind, result }) => (
          <button
            key={name}
            type="button"
            aria-pressed={(filter.kind ?? '') === kind && (filter.result ?? '') === result}
            onClick={() => onChange({ ...filter, kind, result })}
          >
            {name}
          </button>
        ))}
      </div>
      <Field
        label="Search"
        value={filter.q}
        placeholder="Search: words, names, digests   /"
        input={search}
        onChange={(q) => onChange({ ...filter, q })}
      />
      <button type="button" aria-expanded={isOpen} aria-controls="more-filters" onClick={() => setOpen(!isOpen)}>
        More
      </button>
      {!isEmpty(filter) && (
        <button type="button" onClick={() => onChange({})}>
          Clear
        </button>
      )}
      <div id="more-filters" class="more" hidden={!isOpen}>
        <label class="field">
          <span>Kind</span>
          <select value={filter.kind ?? ''} onChange={(event) => onChange({ ...filter, kind: event.currentTarget.value })}>
            <option value="">any</option>
            {LEAF_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {kind}
              </option>
            ))}
          </select>
        </label>
        <Field label="Model (* for any text)" value={filter.modelPattern} onChange={(modelPattern) => onChange({ ...filter, modelPattern })} />
        <Field label="Key" value={filter.key} onChange={(key) => onChange({ ...filter, key })} />
        <Field label="Caller" value={filter.caller} onChange={(caller) => onChange({ ...filter, caller })} />
        <Field label="From (UTC)" type="date" value={filter.since?.slice(0, 10)} onChange={(since) => onChange({ ...filter, since })} />
        <Field label="Before (UTC)" type="date" value={filter.until?.slice(0, 10)} onChange={(until) => onChange({ ...filter, until })} />
      </div>
    </form>
  )
}

interface FieldProps {
  readonly label: string
  readonly value: string | undefined
  readonly onChange: (value: string) => void
  readonly type?: 'search' | 'date'
  readonly placeholder?: string
  readonly input?: RefObject<HTMLInputElement | null>
}

/** Tells what was typed once the typing pauses. */
function Field({ label, value = '', onChange, type = 'search', placeholder, input }: FieldProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed])
  const onInput = (event: { readonly currentTarget: HTMLInputElement }): void => setTyped(event.currentTarget.value)
  const common = { value: typed, autocomplete: 'off', onInput, ...(input === undefined ? {} : { ref: input }) }
  return (
    <label class={`field ${type}`}>
      <span class={placeholder === undefined ? '' : 'word'}>{label}</span>
      {type === 'date' ? (
        <input type="date" {...common} />
      ) : (
        <input type="search" placeholder={placeholder} maxLength={200} spellcheck={false} {...common} />
      )}
    </label>
  )
}

const CHIPS = [
  { name: 'All', kind: '', result: '' },
  { name: 'Outcomes', kind: 'outcome', result: '' },
  { name: 'Failed', kind: 'outcome', result: 'error' },
  { name: 'Refused', kind: 'refused', result: '' },
  { name: 'Verified', kind: 'verify', result: '' },
  { name: 'Decisions', kind: 'decision', result: '' },
] as const
const PAUSE_MS = 250
