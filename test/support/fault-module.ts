/** A SoftHSM token behind the fault module: it fails as it is told to, and counts every call over all processes. See fault-module/control.h. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TokenLocation } from '#keyhost'
import { makeToken, type TestToken } from './softhsm.ts'

export type FaultAction =
  /** Answers this CKR code without calling the token. */
  | { readonly return: number }
  /** Calls the token, then answers this CKR code all the same. */
  | { readonly after: number }
  /** Ends the process by this signal. */
  | { readonly crash: 'SIGABRT' | 'SIGSEGV' }
  | { readonly delayMs: number }
  /** Changes the value of this attribute in C_GetAttributeValue. */
  | { readonly lie: number }
  /** Never answers. */
  | 'hang'
  /** Changes a bit of what C_Sign, C_Decrypt, C_Encrypt … give back. */
  | 'flip'

export interface Fault {
  readonly fn: string
  readonly action: FaultAction
  /** Which call from now on is the first to fail. Default 1, the next one. */
  readonly call?: number
  /** How many calls fail. Default 1. */
  readonly times?: number | 'always'
}

export interface FaultModule {
  readonly modulePath: string
  /** What a process needs in its environment that loads the module. */
  readonly env: Readonly<Record<string, string>>
  /** In addition to those that are there. */
  inject(fault: Fault): void
  /** Nothing fails any more. */
  clear(): void
  /** How often a function was called, by all processes, since the module was made. */
  calls(fn: string): number
}

export interface FaultyToken extends TestToken, FaultModule {}

/** Attributes of an object by their numbers. */
export type ShownObject = Readonly<Record<number, Uint8Array>>

/** @param validations objects of class CKO_VALIDATION that the module shows; with any of them it says that it follows PKCS#11 3.2 */
export async function makeFaultyToken(label = 'test', validations?: readonly ShownObject[]): Promise<FaultyToken> {
  const token = await makeToken(label)
  const faults = faultModule(token, validations)
  const location: TokenLocation = { ...token.location, modulePath: faults.modulePath, env: faults.env }
  return { ...token, ...faults, location, options: { ...token.options, modulePath: faults.modulePath } }
}

/** Before that token's module; its control file and its counters are in the token's folder. */
function faultModule({ folder, location }: TestToken, validations: readonly ShownObject[] | undefined): FaultModule {
  if (!existsSync(MODULE)) throw new Error(`${MODULE} is missing: run .ci/setup test`)
  const control = join(folder, 'faults')
  const counts = join(folder, 'calls')
  let lines: string[] = []
  const calls = (fn: string): number => readCount(counts, fn)
  const write = (): void => {
    // Replaced in one step: the module must never read half a file.
    writeFileSync(`${control}.new`, lines.join(''))
    renameSync(`${control}.new`, control)
  }
  const shown = join(folder, 'validations')
  if (validations !== undefined) writeFileSync(shown, validations.flatMap(shownLines).join(''))
  return {
    modulePath: MODULE,
    env: {
      ...location.env,
      FAULT_MODULE_TARGET: location.modulePath,
      FAULT_MODULE_CONTROL: control,
      FAULT_MODULE_COUNTS: counts,
      ...(validations === undefined ? {} : { FAULT_MODULE_VALIDATIONS: shown }),
    },
    inject: ({ fn, action, call = 1, times = 1 }) => {
      const [name, argument] = describeAction(action)
      const numbers = [calls(fn) + call, times === 'always' ? 0 : times].map((number) => number.toString(16))
      lines.push(`${[fn, ...numbers, name, argument.toString(16)].join(' ')}\n`)
      write()
    },
    clear: () => {
      lines = []
      rmSync(control, { force: true })
    },
    calls,
  }
}

function shownLines(object: ShownObject, index: number): string[] {
  return Object.entries(object).map(
    ([type, value]) => `${(index + 1).toString(16)} ${Number(type).toString(16)} ${Buffer.from(value).toString('hex')}\n`,
  )
}

function describeAction(action: FaultAction): [name: string, argument: number] {
  if (typeof action === 'string') return [action, 0]
  if ('return' in action) return ['return', action.return]
  if ('after' in action) return ['after', action.after]
  if ('crash' in action) return ['crash', action.crash === 'SIGABRT' ? 6 : 11]
  if ('delayMs' in action) return ['delay', action.delayMs]
  return ['lie', action.lie]
}

/** Records of 40 bytes: the name, and the count in the machine's own order, which is the little-endian one wherever this runs. */
function readCount(path: string, fn: string): number {
  if (!existsSync(path)) return 0
  const records = readFileSync(path)
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const name = records.toString('latin1', at, at + NAME_BYTES).replace(/\0+$/, '')
    if (name === fn) return Number(records.readBigUInt64LE(at + NAME_BYTES))
  }
  throw new Error(`the fault module counts no ${fn}`)
}

const MODULE = join(import.meta.dirname, '../../.cache/fault-module/fault-module.so')
const NAME_BYTES = 32
const RECORD_BYTES = 40
