/** docs/errors.md, written from the catalogue in src/core. */
import { ERROR_CATALOGUE, type ErrorEntry } from '#core'

export function errorsDocument(): string {
  const rows = Object.entries<ErrorEntry>(ERROR_CATALOGUE).map(([code, entry]) => row(code, entry))
  return `${INTRODUCTION}\n${[HEADER, RULE, ...rows].join('\n')}\n`
}

function row(code: string, { grpc, exit, retryable, text, hint }: ErrorEntry): string {
  return `| \`${code}\` | \`${grpc}\` | ${exit} | ${retryable ? 'yes' : 'no'} | ${cell(text)} | ${cell(hint)} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

const INTRODUCTION = `# Errors

<!-- Written from src/core/error-catalogue.ts by: node test/support/generate.ts -->

Every failure has a stable code. A code never changes its meaning; new ones may be added.

- **gRPC**: the status is the one in the table, and the trailer \`grpc-status-details-bin\` holds a \`google.rpc.Status\` with one
  \`google.rpc.ErrorInfo\`: \`reason\` is the code, \`domain\` is \`sealstone\`, \`metadata\` has \`hint\` (the next step), \`retryable\` (\`true\` or
  \`false\`) and further facts such as \`field\`. What is wrong inside the daemon is told in the words below only; its log says more.
  Failures of the transport itself (deadline, cancellation, message over the limit, unknown method) have a status and no details.
- **Command line**: \`error:\` and \`hint:\` lines on standard error, with \`--json\` an object with the code. The exit code is 1 if
  verification failed, 2 for usage or bad input, 3 if the daemon or the token is unavailable.
- **Retry** says whether the same request can succeed later. Signing is safe to repeat with the same idempotency key.
`
const HEADER = '| Code | gRPC status | Exit code | Retry | What happened | What to do |'
const RULE = '|---|---|---|---|---|---|'
