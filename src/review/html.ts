/** A report as one HTML page: no script, nothing from elsewhere, light and dark, on paper too. Foreign text cannot become markup. */
import type { ReportDocument, Section, Table } from './document.ts'
import { visible } from './markdown.ts'

export function reportHtml({ title, summary, sections }: ReportDocument): string {
  const facts = summary.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<dl>
${facts}
</dl>
${sections.map(sectionHtml).join('\n')}
</main>
</body>
</html>
`
}

function sectionHtml({ title, paragraphs, table }: Section): string {
  const isEmpty = paragraphs.length === 0 && (table === undefined || table.rows.length === 0)
  const body = isEmpty
    ? '<p class="none">None.</p>'
    : [...paragraphs.map(paragraphHtml), ...(table && table.rows.length > 0 ? [tableHtml(title, table)] : [])].join('\n')
  return `<section>\n<h2>${escapeHtml(title)}</h2>\n${body}\n</section>`
}

function paragraphHtml(text: string): string {
  if (!text.includes('\n')) return `<p>${escapeHtml(text)}</p>`
  return `<pre tabindex="0">${text.trimEnd().split('\n').map(escapeHtml).join('\n')}</pre>`
}

function tableHtml(title: string, { head, rows, countColumn }: Table): string {
  const most = countColumn === undefined ? 0 : Math.max(...rows.map((row) => Number(row[countColumn])))
  const cell = (text: string, column: number): string => {
    if (column !== countColumn) return `<td${text.length <= SHORT ? ' class="short"' : ''}>${escapeHtml(text)}</td>`
    const share = most === 0 ? 0 : Math.round((100 * Number(text)) / most)
    return `<td class="count">${escapeHtml(text)}<i style="width:${share}%"></i></td>`
  }
  const names = head.map((name, column) => `<th scope="col"${column === countColumn ? ' class="count"' : ''}>${escapeHtml(name)}</th>`).join('')
  const lines = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')
  // A wide table scrolls by itself; the keyboard must reach it to scroll it.
  return `<div class="wide" tabindex="0" role="region" aria-label="${escapeHtml(title)}"><table>
<thead><tr>${names}</tr></thead>
<tbody>
${lines}
</tbody>
</table></div>`
}

function escapeHtml(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A time, a code or a name of that length is not broken; on a narrow screen the table scrolls. */
const SHORT = 24
const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --paper: #fff; --band: #f6f8fa; --mark: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9ba5b0; --line: #30363d; --paper: #0d1117; --band: #161b22; --mark: #58a6ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
p { max-width: 60rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .75rem; margin: 0; }
dl div { background: var(--band); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.none { color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; min-width: 4.5rem; }
td.short { white-space: nowrap; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody tr:nth-child(even) { background: var(--band); }
.count { text-align: right; font-variant-numeric: tabular-nums; width: 8rem; padding-right: 1.25rem; }
.count i { display: block; height: 3px; margin: 2px 0 0 auto; background: var(--mark); border-radius: 2px; }
pre { background: var(--band); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; font-size: .8rem; }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --band: #f4f4f4; }
  body { font-size: 10pt; }
  main { max-width: none; padding: 0; }
  .wide { overflow: visible; }
  td.short { white-space: normal; }
  h2 { break-after: avoid; }
  tr, dl div { break-inside: avoid; }
  thead { display: table-header-group; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
`
