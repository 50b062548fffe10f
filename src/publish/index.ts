/** publish: the log written down as plain files (c2sp.org/tlog-tiles), for any static host and any mirror. */
export { type PublishOptions, type PublishReport, publishLog } from './publish-log.ts'
