/** Reads what every module of the source tree imports, with a real parser, and judges it against a plan of rooms. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'oxc-parser'

export interface Room {
  /** Rooms whose doors it may import. */
  readonly imports: readonly string[]
  /** Doors beside `index.ts`, as folders within the room. */
  readonly nestedDoors?: readonly string[]
  /** A room that is only entered from a shell has no door. */
  readonly noDoor?: true
}

export interface Plan {
  readonly rooms: Readonly<Record<string, Room>>
  /** What package.json maps to one of several modules, by where it runs → those modules, all in the one room that may import it. */
  readonly conditional: Readonly<Record<string, readonly string[]>>
  /** package → the only room that may name it */
  readonly packages: Readonly<Record<string, string>>
  /** Folders that must run in a browser, and those in them that need not. */
  readonly browserSafe: { readonly folders: readonly string[]; readonly except: readonly string[] }
  /** What must stay out of reach of a module, however far the imports lead. */
  readonly unreachable: readonly { readonly from: string; readonly packages: readonly string[] }[]
}

/** Path below `src/` → source text. */
export type Tree = ReadonlyMap<string, string>

interface Module {
  readonly path: string
  readonly room: string
  readonly specifiers: readonly string[]
  /** Every string in the code, to catch a package that is loaded by other means than an import. */
  readonly strings: ReadonlySet<string>
  readonly problems: readonly string[]
}

/** Every `.ts` and `.tsx` file below a folder. */
export function readTree(folder: string): Tree {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path))
  return new Map(paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]))
}

/** All violations as `path: what`, empty when there are none. A tree without modules is a violation: a checker that reads nothing proves nothing. */
export function checkTree(tree: Tree, plan: Plan): string[] {
  const modules = new Map(Array.from(tree, ([path, source]) => [path, parseModule(path, source)]))
  if (modules.size === 0) return ['no module was read']
  const problems = [...checkRooms(tree, plan), ...findCycle(plan)]
  for (const module of modules.values()) {
    problems.push(...module.problems.map((problem) => `${module.path}: ${problem}`))
    if (plan.rooms[module.room] === undefined) continue // said once for the room
    for (const specifier of module.specifiers) {
      const problem = judge(module, specifier, tree, plan)
      if (problem !== undefined) problems.push(`${module.path}: ${problem}`)
    }
    for (const [name, room] of Object.entries(plan.packages)) {
      if (module.room !== room && module.strings.has(name)) problems.push(`${module.path}: names ${name}, which is for ${room} alone`)
    }
  }
  return [...problems, ...checkReach(modules, tree, plan)]
}

function parseModule(path: string, source: string): Module {
  const { program, errors } = parseSync(path, source)
  const problems = errors.map((error) => `does not parse: ${error.message}`)
  const specifiers: string[] = []
  const strings = new Set<string>()
  visit(program, (node) => {
    if (node['type'] === 'Literal' && typeof node['value'] === 'string') strings.add(node['value'])
    if (node['type'] === 'ExportAllDeclaration' && isDoor(path)) problems.push('a door lists its exports by name, so no export *')
    if (!IMPORTING.has(String(node['type']))) return
    const from = node['source'] ?? node['argument']
    const specifier = isNode(from) ? (from['value'] ?? (isNode(from['literal']) ? from['literal']['value'] : undefined)) : undefined
    if (typeof specifier === 'string') specifiers.push(specifier)
    else if (from !== null && from !== undefined) problems.push('imports something that is not a plain string')
  })
  return { path, room: path.split('/')[0] ?? '', specifiers, strings, problems }
}

function judge(module: Module, specifier: string, tree: Tree, plan: Plan): string | undefined {
  if (specifier.startsWith('.')) return judgeRelative(module, specifier, tree)
  if (specifier.startsWith('#') && Object.hasOwn(plan.conditional, specifier)) return judgeConditional(module, specifier, tree, plan)
  if (specifier.startsWith('#')) return judgeRoom(module, specifier.slice(1), plan)
  if (specifier.startsWith('node:')) return isBrowserSafe(module.path, plan) ? `imports ${specifier}, but must run in a browser` : undefined
  const owner = plan.packages[packageOf(specifier)]
  return owner === undefined || owner === module.room ? undefined : `imports ${specifier}, which is for ${owner} alone`
}

function judgeRelative(module: Module, specifier: string, tree: Tree): string | undefined {
  const target = posix.join(posix.dirname(module.path), specifier)
  if (!target.startsWith(`${module.room}/`)) return `reaches out of its room with ${specifier}`
  return tree.has(target) ? undefined : `imports ${specifier}, which is not there`
}

function judgeConditional(module: Module, specifier: string, tree: Tree, plan: Plan): string | undefined {
  const targets = plan.conditional[specifier] ?? []
  const stray = targets.find((target) => !target.startsWith(`${module.room}/`))
  if (stray !== undefined) return `imports ${specifier}, which is ${stray} of another room`
  const missing = targets.find((target) => !tree.has(target))
  return missing === undefined ? undefined : `imports ${specifier}, but ${missing} is not there`
}

function judgeRoom(module: Module, door: string, plan: Plan): string | undefined {
  const [name = '', ...rest] = door.split('/')
  const room = plan.rooms[name]
  if (room === undefined) return `imports #${door}, which is not a room`
  if (rest.length > 0 && !room.nestedDoors?.includes(rest.join('/'))) return `imports #${door}, which is not a door of ${name}`
  if (name === module.room) return `imports #${door}, a door of its own room`
  return plan.rooms[module.room]?.imports.includes(name) ? undefined : `imports #${door}, but ${module.room} may not import ${name}`
}

function checkRooms(tree: Tree, plan: Plan): string[] {
  const present = new Set(Array.from(tree.keys(), (path) => (path.includes('/') ? path.split('/')[0] : '.')))
  const problems = [...present]
    .filter((room) => room !== undefined && plan.rooms[room] === undefined)
    .map((room) => `${room}: is not a room of the plan`)
  for (const [name, room] of Object.entries(plan.rooms)) {
    if (!present.has(name)) problems.push(`${name}: is in the plan and has no module`)
    const doors = [...(room.noDoor ? [] : [`${name}/index.ts`]), ...(room.nestedDoors ?? []).map((door) => `${name}/${door}/index.ts`)]
    problems.push(...doors.filter((door) => present.has(name) && !tree.has(door)).map((door) => `${door}: is a door and is not there`))
  }
  return problems
}

// Rooms that the plan allows to import each other, directly or in a ring.
function findCycle(plan: Plan): string[] {
  const finished = new Set<string>()
  const walk = (room: string, trail: readonly string[]): string[] => {
    if (trail.includes(room)) return [`plan: rooms import each other: ${[...trail.slice(trail.indexOf(room)), room].join(' → ')}`]
    if (finished.has(room)) return []
    const found = (plan.rooms[room]?.imports ?? []).flatMap((next) => walk(next, [...trail, room]))
    finished.add(room)
    return found
  }
  return Object.keys(plan.rooms).flatMap((room) => walk(room, []))
}

function checkReach(modules: ReadonlyMap<string, Module>, tree: Tree, plan: Plan): string[] {
  return plan.unreachable.flatMap(({ from, packages }) => {
    if (!tree.has(from)) return [`${from}: is in the plan and is not there`]
    const trails = new Map<string, string>([[from, from]])
    for (const [path, trail] of trails) {
      for (const specifier of modules.get(path)?.specifiers ?? []) {
        if (packages.includes(packageOf(specifier))) return [`${from}: must not reach ${specifier}, but does: ${trail}`]
        for (const next of plan.conditional[specifier] ?? [targetOf(path, specifier)]) {
          if (tree.has(next) && !trails.has(next)) trails.set(next, `${trail} → ${next}`)
        }
      }
    }
    return []
  })
}

function targetOf(path: string, specifier: string): string {
  return specifier.startsWith('#') ? `${specifier.slice(1)}/index.ts` : posix.join(posix.dirname(path), specifier)
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function isBrowserSafe(path: string, plan: Plan): boolean {
  const within = (folder: string) => path.startsWith(`${folder}/`)
  return plan.browserSafe.folders.some(within) && !plan.browserSafe.except.some(within)
}

function isDoor(path: string): boolean {
  return posix.basename(path) === 'index.ts'
}

type Node = Readonly<Record<string, unknown>>

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null
}

function visit(value: unknown, action: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, action)
  else if (isNode(value)) {
    action(value)
    for (const child of Object.values(value)) visit(child, action)
  }
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
  'TSExternalModuleReference',
])
