/** console: the page where reviewers read the audit log, and the server that gives it and the log to their browsers. */
export type { ConsoleLog } from './ports.ts'
export { type ConsoleOptions, type ConsoleServer, startConsole } from './server.ts'
