/** publish: the log for everybody (c2sp.org/tlog-tiles): as plain files in a directory, and over HTTP. */
export { keepPublished, type KeepPublishedOptions } from './keep-published.ts'
export { logHandler, type LogHandlerEvents } from './log-handler.ts'
export { type PublishOptions, type PublishReport, publishLog } from './publish-log.ts'
