/** review: what people and other systems make of the log: stories, reports, exports. From a reader of entries; prints nothing. */
export type { KeyHistory, LogIdentity, LogReader, ReadOptions } from './sources.ts'
export { type Story, type StoryId, type StoryStep, tellStory } from './story.ts'
export type { Anomaly, UsualHours } from './anomalies.ts'
export { type ReportDocument, toDocument } from './document.ts'
export { reportHtml } from './html.ts'
export { reportMarkdown } from './markdown.ts'
export { makeReport, type Report, type ReportOptions } from './report.ts'
