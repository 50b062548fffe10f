/** The list of entries: only the rows on the screen exist, a million of them or ten. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { keyText, subject, summary, text, tone } from './entry.ts'
import type { Entry } from './entry.ts'
import { count, time } from './format.ts'
import { Mark, proofClass } from './mark.tsx'
import type { EntryRows } from './use-entries.ts'

export interface EntryListProps {
  readonly rows: EntryRows
  readonly selected: string | undefined
  readonly onOpen: (index: string) => void
}

export function EntryList({ rows, selected, onOpen }: EntryListProps) {
  const view = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  const [rowHeight, setRowHeight] = useState(WIDE_ROW)
  const [active, setActive] = useState(0)
  // Keys may come faster than the list is drawn: each goes on from where the last one led.
  const latest = useRef(0)

  useEffect(() => {
    const element = view.current
    if (element === null) return
    const observer = new ResizeObserver(() => {
      setHeight(element.clientHeight)
      setRowHeight(element.clientWidth < NARROW ? NARROW_ROW : WIDE_ROW)
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  // Browsers end at some millions of pixels: beyond, one pixel of the scroll bar is more than one of the list.
  const full = rows.count * rowHeight
  const shown = Math.min(full, MOST_PIXELS)
  const reach = Math.max(1, shown - height)
  const offset = full <= MOST_PIXELS ? top : (top / reach) * (full - height)
  const first = Math.max(0, Math.floor(offset / rowHeight) - OVERSCAN)
  const last = Math.min(rows.count - 1, Math.ceil((offset + height) / rowHeight) + OVERSCAN)

  useEffect(() => rows.show(first, Math.max(first, last)), [rows, rows.count, first, last])

  const scrollTo = (at: number): void => {
    const element = view.current
    if (element === null) return
    const rowTop = at * rowHeight
    const wanted = rowTop < offset ? rowTop : rowTop + rowHeight > offset + height ? rowTop + rowHeight - height : offset
    if (wanted !== offset) element.scrollTop = full <= MOST_PIXELS ? wanted : (wanted / (full - height)) * reach
  }
  const move = (to: number): void => {
    const at = Math.max(0, Math.min(rows.count - 1, to))
    latest.current = at
    setActive(at)
    scrollTo(at)
  }
  const pageRows = Math.max(1, Math.floor(height / rowHeight) - 1)
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: latest.current + 1,
      ArrowUp: latest.current - 1,
      PageDown: latest.current + pageRows,
      PageUp: latest.current - pageRows,
      Home: 0,
      End: rows.count - 1,
    }
    const to = steps[event.key]
    const row = rows.row(latest.current)
    if (to !== undefined) move(to)
    else if ((event.key === 'Enter' || event.key === ' ') && row !== undefined) onOpen(row.index)
    else return
    event.preventDefault()
  }

  const visible = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
  const base = full <= MOST_PIXELS ? 0 : top - offset
  return (
    <div
      ref={view}
      class="entries"
      role="grid"
      aria-label="Entries, newest first"
      aria-rowcount={rows.count}
      aria-colcount={7}
      aria-activedescendant={rows.count === 0 ? undefined : `row-${active}`}
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <div role="row" class="entry head" aria-rowindex={1}>
        <span role="columnheader">Proof</span>
        <span role="columnheader">No.</span>
        <span role="columnheader">Time (UTC)</span>
        <span role="columnheader">What</span>
        <span role="columnheader">Key</span>
        <span role="columnheader">Caller</span>
        <span role="columnheader">Subject</span>
      </div>
      <div class="runway" role="rowgroup" style={{ height: `${shown}px` }}>
        {visible.map((at) => (
          <Row
            key={at}
            at={at}
            entry={rows.row(at)}
            top={at * rowHeight + base}
            height={rowHeight}
            isActive={at === active}
            isSelected={rows.row(at)?.index === selected && selected !== undefined}
            onClick={() => {
              latest.current = at
              setActive(at)
              const row = rows.row(at)
              if (row !== undefined) onOpen(row.index)
            }}
          />
        ))}
      </div>
    </div>
  )
}

interface RowProps {
  readonly at: number
  readonly entry: Entry | undefined
  readonly top: number
  readonly height: number
  readonly isActive: boolean
  readonly isSelected: boolean
  readonly onClick: () => void
}

function Row({ at, entry, top, height, isActive, isSelected, onClick }: RowProps) {
  const leaf = entry?.leaf ?? {}
  return (
    <div
      id={`row-${at}`}
      role="row"
      aria-rowindex={at + 2}
      aria-selected={isSelected}
      class={`entry${isActive ? ' active' : ''}${isSelected ? ' selected' : ''} ${entry === undefined ? '' : proofClass(entry.judgement)}`}
      style={{ transform: `translateY(${top}px)`, height: `${height}px` }}
      onClick={onClick}
    >
      <span role="gridcell" class="mark-cell">
        <Mark judgement={entry?.judgement} />
      </span>
      <span role="gridcell" class="number">
        {entry === undefined ? '…' : count(entry.index)}
      </span>
      <span role="gridcell" class="time">
        {time(text(leaf.time))}
      </span>
      <span role="gridcell" class={`what ${tone(leaf)}`}>
        {entry === undefined ? '' : summary(leaf)}
      </span>
      <span role="gridcell" class="key">
        {keyText(leaf)}
      </span>
      <span role="gridcell" class="caller" title={text(leaf.caller)}>
        {text(leaf.caller)}
      </span>
      <span role="gridcell" class="subject" title={subject(leaf)}>
        {text(leaf.errorCode)} {subject(leaf)}
      </span>
    </div>
  )
}

const WIDE_ROW = 34
const NARROW_ROW = 74
const NARROW = 720
const OVERSCAN = 8
const MOST_PIXELS = 12_000_000
