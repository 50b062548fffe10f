/** The first module of the command line: runs one command and ends with its exit code. */
import { run } from './run.ts'

process.exitCode = await run(process.argv.slice(2))
