/** The chart, what narrows the list, the list, and the story of the entry that is open. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { ActivityChart } from './activity-chart.tsx'
import { EntryList } from './entry-list.tsx'
import type { Filter } from './filter.ts'
import { isEmpty } from './filter.ts'
import { FilterBar } from './filter-bar.tsx'
import { fetchClaimedSize } from './api.ts'
import { count } from './format.ts'
import type { LogJudgement } from './judgement.ts'
import { Story } from './story.tsx'
import { useEntries } from './use-entries.ts'
import type { Verifier } from './verifier-client.ts'

export interface EntriesViewProps {
  readonly verifier: Verifier
  readonly log: LogJudgement | undefined
  readonly colours: string
  readonly selected: string | undefined
  readonly onOpen: (index: string) => void
  readonly onClose: () => void
}

export function EntriesView({ verifier, log, colours, selected, onOpen, onClose }: EntriesViewProps) {
  const [filter, setFilter] = useState<Filter>({})
  const [claimed, setClaimed] = useState<bigint>()
  const size = sizeOf(log) ?? claimed
  const rows = useEntries(verifier, filter, size, coveredOf(log), log?.kind === 'refused' ? 1 : 0)
  const search = useRef<HTMLInputElement>(null)
  const previous = useRef<HTMLElement | null>(null)

  useEffect(() => {
    if (log === undefined) fetchClaimedSize().then(setClaimed, () => {}) // whoever does not answer is told of by the verifying thread
  }, [])
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
      if (event.key === '/' && !isTyping) {
        search.current?.focus()
        event.preventDefault()
      } else if (event.key === 'Escape' && selected !== undefined) {
        onClose()
      }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [selected])

  const open = (index: string): void => {
    previous.current = document.activeElement instanceof HTMLElement ? document.activeElement : null
    onOpen(index)
  }
  const close = (): void => {
    onClose()
    previous.current?.focus()
  }
  const story = useMemo(
    () => selected !== undefined && <Story key={selected} index={selected} verifier={verifier} log={log} onOpen={onOpen} onClose={close} />,
    [selected, verifier, log?.kind, coveredOf(log)],
  )
  return (
    <div class={`entries-view${selected === undefined ? '' : ' with-story'}`}>
      <section class="left" aria-label="Entries">
        <ActivityChart size={size} colours={colours} since={filter.since} onSpan={(since, until) => setFilter({ ...filter, since, until })} />
        <FilterBar filter={filter} onChange={setFilter} search={search} />
        <p class="counts quiet" role="status">
          {describe(rows.count, rows.searchedTo, rows.isSearching, rows.error, isEmpty(filter))}
        </p>
        <EntryList rows={rows} selected={selected} onOpen={open} />
      </section>
      {story}
    </div>
  )
}

function sizeOf(log: LogJudgement | undefined): bigint | undefined {
  return log === undefined ? undefined : BigInt(log.kind === 'checked' ? log.size : log.claimedSize)
}

function coveredOf(log: LogJudgement | undefined): bigint | undefined {
  return log?.kind === 'checked' && log.witnessed !== undefined ? BigInt(log.witnessed.size) : undefined
}

function describe(found: number, searchedTo: string | undefined, isSearching: boolean, error: string | undefined, isWhole: boolean): string {
  if (error !== undefined) return `Could not read: ${error}`
  if (isWhole) return found === 0 ? 'Reading…' : `${count(found)} entries`
  if (isSearching) return `${count(found)} found, looking${searchedTo === undefined ? '' : ` below entry ${count(searchedTo)}`}…`
  return searchedTo === undefined
    ? `${count(found)} found, all looked at`
    : `${count(found)} found down to entry ${count(searchedTo)}; scroll for more`
}
