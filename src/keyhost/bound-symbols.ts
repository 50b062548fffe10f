/**
 * Where the functions that a loaded module imports are really bound: read from its own table of addresses (GOT) in this process. Inside Node
 * a module that asks for libcrypto may get the OpenSSL in the node executable, because the executable comes first (ELF gABI, symbol lookup).
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { basename } from 'node:path'

export interface BoundSymbols {
  /** The file that the module asks for, by its symbol versions: `libcrypto.so.3`. */
  readonly wanted: string
  /** Where they are: `node` is the executable of this process, others are file names. */
  readonly bound: string
  readonly functions: number
  readonly examples: readonly string[]
}

/** Of functions that have a version, and that are bound by now: a function that was never called may not be. Undefined where it cannot be told. */
export function boundSymbols(modulePath: string): BoundSymbols[] | undefined {
  const maps = readMappings()
  const elf = maps === undefined ? undefined : parseElf(readFileSync(modulePath))
  const base = maps?.find(({ path, offset }) => path === modulePath && offset === 0)?.start
  if (maps === undefined || elf === undefined || base === undefined) return undefined
  const groups = new Map<string, { wanted: string; bound: string; names: string[] }>()
  const memory = openSync('/proc/self/mem', 'r')
  try {
    const pointer = Buffer.alloc(8)
    for (const { name, wanted, offset } of elf) {
      if (readSync(memory, pointer, 0, 8, base + offset) !== 8) continue
      const address = Number(pointer.readBigUInt64LE())
      const target = maps.find(({ start, end }) => address >= start && address < end)
      if (target === undefined || target.path === '' || target.path === modulePath) continue // not bound yet
      const bound = target.path === process.execPath ? 'node' : basename(target.path)
      const group = groups.get(`${wanted}\0${bound}`) ?? { wanted, bound, names: [] }
      group.names.push(name)
      groups.set(`${wanted}\0${bound}`, group)
    }
  } finally {
    closeSync(memory)
  }
  return [...groups.values()].map(({ wanted, bound, names }) => ({
    wanted,
    bound,
    functions: new Set(names).size,
    examples: [...new Set(names)].sort().slice(0, 3),
  }))
}

interface Mapping {
  readonly start: number
  readonly end: number
  readonly offset: number
  readonly path: string
}

/** proc_pid_maps(5). Undefined on another system than Linux. */
function readMappings(): Mapping[] | undefined {
  if (process.platform !== 'linux') return undefined
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \d+ *(.*)$/.exec(line)
      if (match === null) return []
      const [start = 0, end = 0, offset = 0] = match.slice(1, 4).map((text) => Number.parseInt(text, 16))
      return [{ start, end, offset, path: match[4] ?? '' }]
    })
}

interface Import {
  readonly name: string
  readonly wanted: string
  /** Of its address, from the base of the module. */
  readonly offset: number
}

/** ELF-64, little-endian, x86-64 or AArch64; undefined for anything else. Everything is found by the dynamic section: a stripped file has no other. */
function parseElf(file: Buffer): Import[] | undefined {
  const kinds =
    file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file.readUInt16BE(4) !== 0x0201 ? undefined : BINDINGS[file.readUInt16LE(18)]
  if (kinds === undefined) return undefined
  try {
    return readImports(file, kinds)
  } catch (error) {
    if (error instanceof RangeError) return undefined // an address that is not in the file
    throw error
  }
}

function readImports(file: Buffer, kinds: readonly number[]): Import[] {
  const word = (at: number): number => Number(file.readBigUInt64LE(at))
  const segments = Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = word(32) + index * file.readUInt16LE(54)
    return { type: file.readUInt32LE(at), offset: word(at + 8), address: word(at + 16), size: word(at + 32) }
  })
  const position = (address: number): number => {
    const segment = segments.find((one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.size)
    if (segment === undefined) throw new RangeError('no such address')
    return address - segment.address + segment.offset
  }
  const entries = new Map<number, number>()
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)
  for (let at = dynamic?.offset ?? 0; dynamic !== undefined && at < dynamic.offset + dynamic.size && word(at) !== 0; at += 16)
    entries.set(word(at), word(at + 8))
  const table = (tag: number): number => position(entries.get(tag) ?? -1)
  const [strings, symbols, versions] = [table(DT_STRTAB), table(DT_SYMTAB), table(DT_VERSYM)]
  const text = (offset: number): string => file.toString('latin1', strings + offset, file.indexOf(0, strings + offset))
  const files = readVersionFiles(file, table(DT_VERNEED), entries.get(DT_VERNEEDNUM) ?? 0, text)
  return RELOCATIONS.flatMap(([start, size]) => {
    const count = (entries.get(size) ?? 0) / RELA_BYTES
    const first = count === 0 ? 0 : table(start)
    return Array.from({ length: count }, (_, index) => first + index * RELA_BYTES).flatMap((at): Import[] => {
      const symbol = file.readUInt32LE(at + 12)
      const wanted = files.get(file.readUInt16LE(versions + 2 * symbol) & 0x7fff)
      const isFunction = (file.readUInt8(symbols + 24 * symbol + 4) & 0xf) === STT_FUNC
      if (!kinds.includes(file.readUInt32LE(at + 8)) || symbol === 0 || wanted === undefined || !isFunction) return []
      return [{ name: text(file.readUInt32LE(symbols + 24 * symbol)), wanted, offset: word(at) }]
    })
  })
}

/** Version index → the file that it is wanted from (gABI extension, Elf64_Verneed and Elf64_Vernaux). */
function readVersionFiles(file: Buffer, first: number, count: number, text: (offset: number) => string): Map<number, string> {
  const files = new Map<number, string>()
  for (let at = first, need = 0; need < count; need++, at += file.readUInt32LE(at + 12)) {
    const auxiliaries = file.readUInt16LE(at + 2)
    for (let aux = at + file.readUInt32LE(at + 8), index = 0; index < auxiliaries; index++, aux += file.readUInt32LE(aux + 12))
      files.set(file.readUInt16LE(aux + 6), text(file.readUInt32LE(at + 4)))
  }
  return files
}

const PT_LOAD = 1
const PT_DYNAMIC = 2
const STT_FUNC = 2
const RELA_BYTES = 24
const [DT_STRTAB, DT_SYMTAB, DT_VERSYM, DT_VERNEED, DT_VERNEEDNUM] = [5, 6, 0x6fff_fff0, 0x6fff_fffe, 0x6fff_ffff] as const
/** DT_RELA with DT_RELASZ, DT_JMPREL with DT_PLTRELSZ. */
const RELOCATIONS = [
  [7, 8],
  [23, 2],
] as const
/** By e_machine: the relocations that hold the address of a symbol (…_64 or _ABS64, GLOB_DAT, JUMP_SLOT). */
const BINDINGS: Readonly<Record<number, readonly number[]>> = { 62: [1, 6, 7], 183: [257, 1025, 1026] }
