/** The fault table: which code a token may answer where, and what a caller then gets. */
import { ERROR_CATALOGUE } from '#core'
import { type FaultClass, RETURN_VALUES, type ReturnValue } from '#token'
import type { FaultModule } from '../support/fault-module.ts'
import { type Outcome, type Phase, PHASES, type Stand } from './fault-stand.ts'

/** Numbers that no table knows: they cost the module its trust. */
const UNKNOWN_VALUES: readonly ReturnValue[] = [0x8000_0001, 0xffff_ffff, 0x7777].map((value) => ({
  value,
  name: `0x${value.toString(16)}`,
  fault: 'module',
  code: 'TOKEN_UNAVAILABLE',
}))
export const MODULE_VALUES = [...RETURN_VALUES.filter(({ fault }) => fault === 'module'), ...UNKNOWN_VALUES]
export const OTHER_VALUES = RETURN_VALUES.filter(({ fault }) => fault !== 'module')

/**
 * - `each`: called by every signing
 * - `login`: called only when the login is lost, so that is brought about first
 * - `creation`: called only when a key is made
 */
export type Called = 'each' | 'login' | 'creation'

export interface Place {
  readonly fn: string
  readonly called: Called
}

export const PLACES: readonly Place[] = [
  { fn: 'C_SignInit', called: 'each' },
  { fn: 'C_Sign', called: 'each' },
  { fn: 'C_DecryptInit', called: 'each' },
  { fn: 'C_Decrypt', called: 'each' },
  { fn: 'C_OpenSession', called: 'login' },
  { fn: 'C_Login', called: 'login' },
  { fn: 'C_FindObjectsInit', called: 'login' },
  { fn: 'C_FindObjects', called: 'login' },
  { fn: 'C_GenerateKeyPair', called: 'creation' },
  { fn: 'C_GetAttributeValue', called: 'creation' },
  { fn: 'C_GenerateRandom', called: 'creation' },
  { fn: 'C_EncryptInit', called: 'creation' },
  { fn: 'C_Encrypt', called: 'creation' },
]

/** One cell of the table: in which phase which function fails. */
export interface Cell extends Place {
  readonly phase: Phase
}

export const CELLS: readonly Cell[] = PHASES.flatMap((phase) =>
  PLACES.filter(({ called }) => phase === 'key creation' || called !== 'creation').map((place) => ({ phase, ...place })),
)

/** What tokens answer when they are lost, in practice; the others of class module are handled by the same lines. */
export const USUAL_MODULE_VALUES = MODULE_VALUES.filter(({ name }) =>
  /^CKR_(?:DEVICE_ERROR|DEVICE_REMOVED|TOKEN_NOT_PRESENT|GENERAL_ERROR|FUNCTION_FAILED|CRYPTOKI_NOT_INITIALIZED)$/.test(name),
)

/** Dealt out in turn, because each costs a process: the usual ones over the cells of each phase, the others over all. */
export function modulesOf(cell: Cell): ReturnValue[] {
  const cells = CELLS.filter(({ phase }) => phase === cell.phase)
  return MODULE_VALUES.filter((value, index) => {
    const usual = USUAL_MODULE_VALUES.indexOf(value)
    return (usual === -1 ? CELLS[index % CELLS.length] : cells[usual % cells.length]) === cell
  })
}

/** Each value once in that cell: what came of it, and what should have. */
export async function tryOnce(stand: Stand, cell: Cell, values: readonly ReturnValue[]) {
  const actual: Record<string, Outcome[]> = {}
  const expected: Record<string, Outcome[]> = {}
  for (const value of values) {
    const outcomes = await stand.run(cell.phase, (call) => inject(stand.token, cell, value.value, call))
    actual[value.name] = outcomes
    expected[value.name] = outcomes.map((_, index) => (index === 0 ? onceAnswer(cell, value) : 'signed')).toSorted()
    const recovery = await stand.recover()
    if (recovery > RECOVERY_MS) throw new Error(`${value.name}: the next signature took ${recovery} ms`)
  }
  return { actual, expected }
}

/** Makes that function answer that value, after the login was lost where it is not called otherwise. */
export function inject(faults: FaultModule, { phase, fn, called }: Cell, value: number, call: number, times: 1 | 'always' = 1): void {
  const first = called === 'login' ? 1 : call
  faults.inject({ fn, action: { return: value }, call: first, times })
  if (called !== 'login') return
  faults.inject({ fn: phase === 'key creation' ? 'C_GenerateKeyPair' : 'C_SignInit', action: { return: USER_NOT_LOGGED_IN }, call })
}

/** What the one caller gets whose call failed once. Everybody else gets a signature. */
function onceAnswer({ fn, called }: Place, { value, fault, code }: ReturnValue): Outcome {
  if (fn === 'C_Login' && value === USER_ALREADY_LOGGED_IN) return 'signed'
  if (fault === 'module') return 'signed' // by the next process
  if (fault === 'caller' && fn.startsWith('C_Decrypt')) return 'signed' // that the seed does not open is believed the second time
  // A login that fails while it repairs one is not repaired in turn; nor is a handle that is lost again while it is found again.
  const repaired: readonly FaultClass[] = REPAIRED[called === 'login' ? fn : 'otherwise'] ?? ['session']
  return repaired.includes(fault) ? 'signed' : answer(code)
}

/** What a caller gets when every call fails. */
export function alwaysAnswer({ code }: ReturnValue): Outcome {
  return answer(code)
}

function answer(code: ReturnValue['code']): Outcome {
  return ERROR_CATALOGUE[code].retryable ? `${code} retry` : code
}

const REPAIRED: Readonly<Record<string, readonly FaultClass[]>> = {
  C_OpenSession: [],
  C_Login: [],
  C_FindObjectsInit: ['session'],
  C_FindObjects: ['session'],
  otherwise: ['session', 'login'],
}
/** For a machine that is busy; docs/faults.md has what was measured. */
export const RECOVERY_MS = 60_000
const USER_ALREADY_LOGGED_IN = 0x100
const USER_NOT_LOGGED_IN = 0x101
