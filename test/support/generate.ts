/** Writes what is derived from other files: message types and descriptors from proto/, docs/errors.md from the catalogue, docs/pkcs11-errors.md from the CKR table. Usage: node test/support/generate.ts */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorsDocument } from './errors-document.ts'
import { returnValuesDocument } from './return-values-document.ts'

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(ROOT, 'node_modules/.bin')

/** Below the project's root. */
export const TYPES_FOLDER = 'src/wire/generated'
export const DESCRIPTORS_FILE = `${TYPES_FOLDER}/descriptors.binpb`
export const ERRORS_FILE = 'docs/errors.md'
export const RETURN_VALUES_FILE = 'docs/pkcs11-errors.md'

/** Path below TYPES_FOLDER → text, formatted like the rest of the source. Messages and services; the untyped index of each file is left out. */
export function generateTypes(): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-types-'))
  try {
    const program = join(BIN, 'proto-loader-gen-types')
    const conversion = ['--longs=String', '--enums=String', '--defaults', '--oneofs']
    const form = [
      '--inputTemplate=%sInit',
      '--outputTemplate=%s',
      '--grpcLib=@grpc/grpc-js',
      '--targetFileExtension=.ts',
      '--importFileExtension=.ts',
    ]
    run(program, [...conversion, ...form, '--includeDirs=proto', `--outDir=${folder}`, ...PROTO_FILES])
    for (const [path, text] of readFolder(folder)) writeFileSync(join(folder, path), withoutValues(text))
    run(join(BIN, 'biome'), ['format', '--write', '--vcs-enabled=false', `--config-path=${join(ROOT, '.biome.json')}`, folder])
    return new Map([...readFolder(folder)].filter(([path]) => path.includes('/')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The generator makes a constant and a type of each enum; a union of names says the same and leaves nothing at run time. */
function withoutValues(text: string): string {
  const names = new Map<string, string>()
  const types = text.replace(/export const (\w+) = \{([^}]*)\} as const;?/g, (_, name: string, body: string) => {
    names.set(name, Array.from(body.matchAll(/'(\w+)'/g), ([member]) => member).join(' | '))
    return ''
  })
  return types.replace(/typeof (\w+)\[keyof typeof \w+\]/g, (_, name: string) => names.get(name) ?? 'never')
}

/** Our services and health, imports included: a google.protobuf.FileDescriptorSet. Sets are joined by putting one after the other. */
export function compileDescriptors(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sealstone-descriptors-'))
  try {
    const sets = ['proto', 'node_modules/grpc-health-check/proto'].map((source, index) => {
      const output = join(folder, `${index}.binpb`)
      run(join(BIN, 'buf'), ['build', source, '--exclude-source-info', '--as-file-descriptor-set', '-o', output])
      return readFileSync(output)
    })
    return Buffer.concat(sets)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function readFolder(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'utf8')]))
}

const PROTO_FILES = [
  'sealstone/v1/signing_service.proto',
  'sealstone/v1/key_service.proto',
  'sealstone/v1/audit_service.proto',
  'sealstone/v1/hash_service.proto',
  'google/rpc/status.proto',
  'google/rpc/error_details.proto',
]

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { cwd: ROOT, env: { ...process.env, PATH: `${BIN}:${process.env['PATH']}` }, stdio: ['ignore', 'ignore', 'inherit'] })
}

function writeAll(): void {
  const types = generateTypes()
  rmSync(join(ROOT, TYPES_FOLDER), { recursive: true, force: true })
  for (const [path, text] of types) {
    const target = join(ROOT, TYPES_FOLDER, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  writeFileSync(join(ROOT, DESCRIPTORS_FILE), compileDescriptors())
  writeFileSync(join(ROOT, ERRORS_FILE), errorsDocument())
  writeFileSync(join(ROOT, RETURN_VALUES_FILE), returnValuesDocument())
}

if (import.meta.main) writeAll()
