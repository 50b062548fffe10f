/** The walls of the house: which room may import which. The table here is the one in src/README.md; both change in one commit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkTree, type Plan, readTree, type Tree } from './support/import-graph.ts'

const PLAN: Plan = {
  rooms: {
    core: { imports: [] },
    files: { imports: ['core'] },
    wire: { imports: ['core'] },
    tlog: { imports: ['core'] },
    suites: { imports: ['core'], nestedDoors: ['native', 'portable'] },
    hashing: { imports: ['core'] },
    token: { imports: ['core'] },
    children: { imports: ['core'] },
    db: { imports: ['core', 'children'] },
    certificates: { imports: ['core', 'suites'] },
    timestamps: { imports: ['core', 'tlog', 'certificates'] },
    envelopes: { imports: ['core', 'suites', 'hashing', 'tlog', 'certificates', 'timestamps'], nestedDoors: ['trust'] },
    keyhost: { imports: ['core', 'suites', 'token', 'children'] },
    keys: { imports: ['core', 'suites', 'db', 'keyhost'] },
    audit: { imports: ['core', 'tlog', 'db'] },
    tilesources: { imports: ['core', 'tlog'] },
    cosigning: { imports: ['core', 'tlog'] },
    witness: { imports: ['core', 'tlog', 'suites', 'db'] },
    publish: { imports: ['core', 'tlog', 'files', 'db', 'tilesources', 'listeners'] },
    policy: { imports: ['core', 'db'] },
    listeners: { imports: ['core'] },
    tickets: { imports: ['core'] },
    pseudonyms: { imports: ['core'] },
    frames: { imports: ['core', 'wire', 'listeners'] },
    operations: { imports: ['core', 'suites', 'hashing', 'tlog', 'envelopes', 'keys', 'audit', 'policy', 'certificates', 'tickets'] },
    rpc: { imports: ['core', 'wire', 'listeners', 'policy', 'operations'] },
    dataplane: { imports: ['core', 'wire', 'hashing', 'db', 'children', 'policy', 'tickets', 'listeners', 'frames'] },
    daemon: {
      imports: [
        'core',
        'tlog',
        'cosigning',
        'timestamps',
        'suites',
        'hashing',
        'db',
        'envelopes',
        'keyhost',
        'keys',
        'audit',
        'policy',
        'listeners',
        'tickets',
        'pseudonyms',
        'operations',
        'rpc',
        'dataplane',
        'files',
        'publish',
        'console',
      ],
    },
    review: { imports: ['core', 'tlog'] },
    client: { imports: ['core', 'wire', 'suites', 'hashing', 'tlog', 'envelopes', 'certificates'], nestedDoors: ['offline'] },
    toolsets: { imports: ['core', 'files', 'client'] },
    artifacts: { imports: ['core', 'client'] },
    console: { imports: ['core', 'tlog', 'suites', 'envelopes', 'listeners'] },
    bench: { imports: ['core', 'suites', 'db', 'keyhost', 'daemon', 'client'] },
    upstream: { imports: ['core'] },
    gateway: { imports: ['core', 'client', 'toolsets', 'upstream', 'listeners'] },
    tensors: { imports: ['core', 'hashing'] },
    digestcache: { imports: ['core', 'hashing', 'db'] },
    monitor: { imports: ['core', 'tlog'] },
    mcp: { imports: ['core', 'files', 'client', 'toolsets', 'listeners', 'launch'] },
    launch: { imports: ['core', 'hashing', 'db', 'client'] },
    cli: {
      imports: [
        'core',
        'files',
        'hashing',
        'client',
        'review',
        'tensors',
        'digestcache',
        'tilesources',
        'monitor',
        'daemon',
        'bench',
        'witness',
        'pseudonyms',
        'mcp',
        'launch',
        'gateway',
        'toolsets',
        'upstream',
        'artifacts',
      ],
      noDoor: true,
    },
  },
  conditional: { '#sha256': ['tlog/sha256/native.ts', 'tlog/sha256/portable.ts'] },
  packages: {
    pkcs11js: 'token',
    unhomoglyph: 'toolsets',
    yauzl: 'artifacts',
    preact: 'console',
    uplot: 'console',
    '@opentelemetry/api': 'daemon',
    '@opentelemetry/core': 'daemon',
    '@opentelemetry/exporter-logs-otlp-http': 'daemon',
    '@opentelemetry/exporter-trace-otlp-http': 'daemon',
    '@opentelemetry/resources': 'daemon',
    '@opentelemetry/sdk-logs': 'daemon',
    '@opentelemetry/sdk-trace': 'daemon',
  },
  browserSafe: { folders: ['core', 'tlog', 'suites', 'envelopes/trust', 'console/page'], except: ['suites/native', 'tlog/sha256'] },
  unreachable: [
    { from: 'mcp/index.ts', packages: ['pkcs11js'] }, // the server that models talk to
    { from: 'keyhost/index.ts', packages: ['pkcs11js'] }, // the parent of the key host
    { from: 'daemon/index.ts', packages: ['pkcs11js'] }, // the process that talks to the network
    { from: 'client/index.ts', packages: ['pkcs11js'] },
    { from: 'cli/commands/hash.ts', packages: ['@noble/curves', '@grpc/grpc-js', 'zod'] }, // its start is short, too
    { from: 'cli/commands/verify.ts', packages: ['@modelcontextprotocol/server', 'zod'] }, // its start is short
    { from: 'client/offline/index.ts', packages: ['pkcs11js', '@grpc/grpc-js', '@grpc/proto-loader'] }, // verification without a daemon
    { from: 'launch/index.ts', packages: ['pkcs11js', '@grpc/grpc-js', '@grpc/proto-loader'] },
    { from: 'monitor/index.ts', packages: ['pkcs11js', '@grpc/grpc-js', '@grpc/proto-loader', '@napi-rs/blake-hash'] }, // it runs at a stranger's
  ],
}

const ROOT = join(import.meta.dirname, '..')
const SOURCE = readTree(join(ROOT, 'src'))

describe('the source tree', () => {
  it('keeps every rule of the plan', () => {
    expect(checkTree(SOURCE, PLAN)).toEqual([])
  })

  it('was really read', () => {
    expect(SOURCE.size).toBeGreaterThan(50)
  })

  it('is described by the table in src/README.md', () => {
    const rows = readFileSync(join(ROOT, 'src/README.md'), 'utf8').matchAll(/^\| `([a-z]+)` \|[^|]*\|([^|]*)\|$/gm)
    const table = Object.fromEntries(Array.from(rows, ([, room = '', imports = '']) => [room, imports.match(/[a-z]+/g) ?? []]))
    expect(table).toEqual(Object.fromEntries(Object.entries(PLAN.rooms).map(([room, { imports }]) => [room, imports])))
  })

  it('has its choices by where it runs in package.json', () => {
    const { imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { imports: Record<string, string | Record<string, string>> }
    const chosen = Object.entries(imports).flatMap(([name, target]) => (typeof target === 'string' ? [] : [[name, Object.values(target)] as const]))
    const planned = Object.entries(PLAN.conditional).map(([name, targets]) => [name, targets.map((target) => `./src/${target}`)])
    expect(Object.fromEntries(chosen)).toEqual(Object.fromEntries(planned))
  })

  it('has its nested doors named in src/README.md', () => {
    const map = readFileSync(join(ROOT, 'src/README.md'), 'utf8')
    const doors = Object.entries(PLAN.rooms).flatMap(([room, { nestedDoors = [] }]) => nestedDoors.map((door) => `#${room}/${door}`))
    expect(doors.filter((door) => !map.includes(`\`${door}\``))).toEqual([])
  })
})

describe('the checker', () => {
  it('passes a house that keeps the rules', () => {
    expect(checkTree(house({}), SMALL)).toEqual([])
  })

  it.each<[rule: string, changes: Readonly<Record<string, string>>, problem: string]>([
    [
      'an import that the table does not allow',
      { 'low/index.ts': "import { a } from '#high'" },
      'low/index.ts: imports #high, but low may not import high',
    ],
    ['a type-only import', { 'low/index.ts': "import type { A } from '#high'" }, 'low/index.ts: imports #high, but low may not import high'],
    ['a type named inline', { 'low/index.ts': "export type A = import('#high').A" }, 'low/index.ts: imports #high, but low may not import high'],
    ['a re-export', { 'low/index.ts': "export { a } from '#high'" }, 'low/index.ts: imports #high, but low may not import high'],
    [
      'an import at run time',
      { 'low/index.ts': "export const a = () => import('#high')" },
      'low/index.ts: imports #high, but low may not import high',
    ],
    [
      'an import of something computed',
      { 'low/index.ts': 'export const a = (b: string) => import(b)' },
      'low/index.ts: imports something that is not a plain string',
    ],
    [
      'a relative import across rooms',
      { 'high/b.ts': "import { a } from '../low/index.ts'" },
      'high/b.ts: reaches out of its room with ../low/index.ts',
    ],
    [
      'a relative import that leaves the tree',
      { 'high/b.ts': "import a from '../../package.json'" },
      'high/b.ts: reaches out of its room with ../../package.json',
    ],
    ['a relative import of nothing', { 'high/b.ts': "import { a } from './gone.ts'" }, 'high/b.ts: imports ./gone.ts, which is not there'],
    ['an import past the door', { 'high/b.ts': "import { a } from '#low/inner'" }, 'high/b.ts: imports #low/inner, which is not a door of low'],
    ['an import of an unknown room', { 'high/b.ts': "import { a } from '#attic'" }, 'high/b.ts: imports #attic, which is not a room'],
    [
      'a choice by where it runs, in another room',
      { 'high/b.ts': "import '#chosen'" },
      'high/b.ts: imports #chosen, which is low/native/index.ts of another room',
    ],
    ['a choice of nothing', { 'low/index.ts': "import '#lost'" }, 'low/index.ts: imports #lost, but low/gone.ts is not there'],
    ['an import of its own door', { 'high/b.ts': "import { a } from '#high'" }, 'high/b.ts: imports #high, a door of its own room'],
    ['a room that is not in the table', { 'attic/index.ts': '' }, 'attic: is not a room of the plan'],
    ['a module outside the rooms', { 'stray.ts': '' }, '.: is not a room of the plan'],
    [
      'a door that exports everything',
      { 'low/index.ts': "export * from './inner.ts'", 'low/inner.ts': '' },
      'low/index.ts: a door lists its exports by name, so no export *',
    ],
    [
      'the token library outside its room',
      { 'low/index.ts': "import pkcs11 from 'pkcs11js'" },
      'low/index.ts: imports pkcs11js, which is for high alone',
    ],
    ['the token library by other means', { 'low/index.ts': "require('pkcs11js')" }, 'low/index.ts: names pkcs11js, which is for high alone'],
    [
      'the token library in reach of a verifier',
      { 'high/outside/index.ts': "import '../b.ts'", 'high/b.ts': "import 'pkcs11js'" },
      'high/outside/index.ts: must not reach pkcs11js, but does: high/outside/index.ts → high/b.ts',
    ],
    [
      'a Node module where a browser must follow',
      { 'low/index.ts': "import { readFileSync } from 'node:fs'" },
      'low/index.ts: imports node:fs, but must run in a browser',
    ],
    ['a module that does not parse', { 'low/index.ts': 'import {' }, 'low/index.ts: does not parse'],
  ])('finds %s', (_, changes, problem) => {
    expect(checkTree(house(changes), SMALL)).toContainEqual(expect.stringContaining(problem))
  })

  it('allows a Node module in the folder that need not run in a browser', () => {
    expect(checkTree(house({ 'low/native/index.ts': "import 'node:crypto'" }), SMALL)).toEqual([])
  })

  it('finds a missing room and a missing door', () => {
    const withoutLow = new Map([...house({})].filter(([path]) => !path.startsWith('low/')))
    expect(checkTree(withoutLow, SMALL)).toContain('low: is in the plan and has no module')
    const withoutDoor = new Map([...house({})].filter(([path]) => path !== 'low/native/index.ts'))
    expect(checkTree(withoutDoor, SMALL)).toContain('low/native/index.ts: is a door and is not there')
  })

  it('finds rooms that import each other', () => {
    const rooms = { ...SMALL.rooms, low: { imports: ['high'], nestedDoors: ['native'] } }
    expect(checkTree(house({}), { ...SMALL, rooms })).toContain('plan: rooms import each other: low → high → low')
  })

  it('does not pass when it reads nothing', () => {
    expect(checkTree(new Map(), PLAN)).toEqual(['no module was read'])
  })
})

const SMALL: Plan = {
  rooms: { low: { imports: [], nestedDoors: ['native'] }, high: { imports: ['low'], nestedDoors: ['outside'] } },
  conditional: { '#chosen': ['low/native/index.ts', 'low/b.ts'], '#lost': ['low/gone.ts'] },
  packages: { pkcs11js: 'high' },
  browserSafe: { folders: ['low'], except: ['low/native'] },
  unreachable: [{ from: 'high/outside/index.ts', packages: ['pkcs11js'] }],
}

function house(changes: Readonly<Record<string, string>>): Tree {
  const kept = {
    'low/index.ts': "import { b } from './b.ts'\nexport const a = b",
    'low/b.ts': 'export const b = 1',
    'low/native/index.ts': "import '../b.ts'",
    'high/index.ts': "import { a } from '#low'\nimport '#low/native'\nimport pkcs11 from 'pkcs11js'\nexport const c = [a, pkcs11]",
    'high/outside/index.ts': "import '#low'",
  }
  return new Map(Object.entries({ ...kept, ...changes }))
}
