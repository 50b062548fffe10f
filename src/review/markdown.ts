/** A report as GitHub Flavored Markdown. Foreign text cannot become markup, a link or HTML. */
import type { ReportDocument, Section, Table } from './document.ts'

export function reportMarkdown({ title, summary, sections }: ReportDocument): string {
  const parts = [`# ${escapeMarkdown(title)}`, tableText({ head: ['', ''], rows: summary.map((row) => [...row]) }), ...sections.map(sectionText)]
  return `${parts.join('\n\n')}\n`
}

function sectionText({ title, paragraphs, table }: Section): string {
  const shown = table === undefined || table.rows.length > 0 ? table : undefined
  const parts = [`## ${escapeMarkdown(title)}`, ...paragraphs.map(paragraphText), ...(shown === undefined ? [] : [tableText(shown)])]
  if (parts.length === 1) parts.push('None.')
  return parts.join('\n\n')
}

/** Text of several lines, such as a signed note, must keep them: it goes into a block whose fence is longer than any in it. */
function paragraphText(text: string): string {
  if (!text.includes('\n')) return escapeMarkdown(text)
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${text.trimEnd().split('\n').map(visible).join('\n')}\n${fence}`
}

function tableText({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** CommonMark 2.4: any ASCII punctuation can be escaped. `://`, `www.` and `@` would become links in GitHub's dialect. */
function escapeMarkdown(text: string): string {
  return visible(text)
    .replaceAll(/[\\`*_[\]<>|#~$&!{}]/g, '\\$&')
    .replaceAll('://', '\\://')
    .replaceAll(/www\./gi, (found) => `${found.slice(0, -1)}\\.`)
    .replaceAll(/^([-+]|\d+[.)])/g, '\\$1')
}

/** Control and direction characters are shown, not obeyed; a line break would end a row. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}
