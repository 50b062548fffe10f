/** docs/pkcs11-errors.md, written from the CKR table in src/token. */
import { ERROR_CATALOGUE } from '#core'
import { RETURN_VALUES, type ReturnValue } from '#token'

export function returnValuesDocument(): string {
  return `${INTRODUCTION}\n${[HEADER, RULE, ...RETURN_VALUES.map(row)].join('\n')}\n`
}

function row({ value, name, fault, code }: ReturnValue): string {
  const number = `0x${value.toString(16).padStart(3, '0').toUpperCase()}`
  return `| ${number} | \`${name}\` | ${fault} | \`${code}\` | ${ERROR_CATALOGUE[code].retryable ? 'yes' : 'no'} |`
}

const INTRODUCTION = `# What a token answers

<!-- Written from src/token/return-values.ts by: node test/support/generate.ts -->

Every return value of PKCS#11 3.2, and so of 2.40 and 3.0, and what it means here. The name is in the daemon's log and in the message of
the error; the error is what a caller gets when repair did not help. What each fault looks like from outside is in [faults.md](faults.md).

| Class | What is done |
|---|---|
| session | the session is closed, another one opened, the call repeated once |
| login | logged in again, the object found again, the call repeated once |
| module | the key host's process is replaced and the request repeated once in the next one |
| pin | this PIN is never sent again; see [tokens.md](tokens.md) |
| caller | nothing: the same call would fail again |

A number that is not here, a vendor's own for example, is of class module.
`
const HEADER = '| Number | Name | Class | Error | Retry |'
const RULE = '|---|---|---|---|---|'
