/** daemon: configuration, wiring, start, drain, shutdown. Loads the key host's supervisor, never the token itself. */
export { type LogLevel } from './config.ts'
export { doctor, type DoctorCheck, type DoctorReport } from './doctor.ts'
export { initHome, type InitOptions, type InitReport } from './init-home.ts'
export { publishHome, type PublishHomeOptions } from './publish-home.ts'
export { restoreHome, type RestoreOptions, type RestoreReport } from './restore-home.ts'
export { createLogger } from './logging.ts'
export { serve, type ServeOptions } from './serve.ts'
export { homeToken } from './token-location.ts'
