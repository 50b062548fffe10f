/** A process that writes to a model without pause, as an attacker would: node swap.ts rename|in-place FILE. Says `ready`, ends with its standard input. */
import { renameSync, writeFileSync } from 'node:fs'

const [, , how, file = ''] = process.argv
const VERSIONS = ['AAAA', 'EVIL']

process.stdin.resume().on('end', () => process.exit(0))
process.stdout.write('ready\n')
let count = 0
function swap(): void {
  for (let number = 0; number < 20; number++) {
    const content = VERSIONS[count++ % 2] ?? ''
    if (how === 'in-place') writeFileSync(file, content)
    else {
      writeFileSync(`${file}.new`, content)
      renameSync(`${file}.new`, file)
    }
  }
  setImmediate(swap)
}
swap()
