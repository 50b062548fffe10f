/** What each process has in reach: the parent no PKCS#11 code, no PIN, no seed; the child no network, no files, no core dump. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KeyMaterial, parseKeyMaterial } from '#keyhost'
import { eventually } from '../support/eventually.ts'
import { Intruder } from '../support/intruder.ts'
import { nextLine } from '../support/lines.ts'
import { makeToken, type TestToken } from '../support/softhsm.ts'

const PROJECT = join(import.meta.dirname, '../..')

let token: TestToken
let parent: ReturnType<typeof spawn>
let parentPid: number
let childPid: number
let pin: string
let key: KeyMaterial

beforeAll(async () => {
  token = await makeToken()
  pin = readFileSync(token.location.pinFile, 'utf8').trim()
  const leftOpen = openSync(token.location.pinFile, 'r') // as a careless supervisor does
  parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT], {
    cwd: PROJECT,
    stdio: ['pipe', 'pipe', 'inherit', ...Array.from({ length: LEFT_OPEN - 3 }, () => 'ignore' as const), leftOpen],
    env: { ...process.env, A_SECRET_OF_THE_PARENT: 'not for the child' },
  })
  closeSync(leftOpen)
  parent.stdin?.write(`${JSON.stringify(token.location)}\n`)
  parentPid = parent.pid as number
  const said = JSON.parse(await nextLine(parent.stdout))
  childPid = said.pid
  key = parseKeyMaterial(said.key)
})
afterAll(() => {
  parent.kill()
  token[Symbol.dispose]()
})

describe('the parent', () => {
  it('has not mapped pkcs11js or the module; the child has', () => {
    expect(readFileSync(`/proc/${parentPid}/maps`, 'utf8')).not.toMatch(/pkcs11\.node|softhsm/)
    expect(readFileSync(`/proc/${childPid}/maps`, 'utf8')).toMatch(/pkcs11\.node/)
    expect(readFileSync(`/proc/${childPid}/maps`, 'utf8')).toMatch(/libsofthsm2/)
  })

  it('has the PIN nowhere in its memory, after signing', () => {
    const forms = [Buffer.from(pin, 'latin1'), Buffer.from(pin, 'utf16le')]
    expect(findInMemory(childPid, forms)).toBe(true) // so the search works
    expect(findInMemory(parentPid, forms)).toBe(false)
  })
})

describe('a seed', () => {
  it('is never in the memory of the parent, and leaves that of the child when nothing is signed any more', async () => {
    const intruder = new Intruder(token)
    intruder.login()
    const seed = intruder.unseal(key)
    expect(seed).toHaveLength(32)
    expect(findInMemory(process.pid, [seed])).toBe(true) // so the search works
    expect(findInMemory(parentPid, [seed])).toBe(false)
    await eventually(() => expect(findInMemory(childPid, [seed])).toBe(false))
  })
})

describe.each(['parent', 'child'] as const)('the %s', (which) => {
  it.each(['cmdline', 'environ'])('does not show the PIN in its %s', (file) => {
    const shown = readFileSync(`/proc/${which === 'parent' ? parentPid : childPid}/${file}`, 'utf8')
    expect(shown.length).toBeGreaterThan(10)
    expect(shown).not.toContain(pin)
  })
})

describe('the child', () => {
  it('has the memory for secrets locked, and left out of what would be dumped', () => {
    expect(readFileSync(`/proc/${childPid}/status`, 'utf8')).toMatch(/^VmLck:\s+64 kB$/m)
    const mappings = readFileSync(`/proc/${childPid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    expect(mappings.filter((mapping) => /^VmFlags:.* lo .*dd /m.test(mapping)).map((mapping) => /^Size:\s+(\d+ kB)$/m.exec(mapping)?.[1])).toEqual([
      '64 kB',
    ])
  })

  it('has no descriptor of what started the parent', () => {
    expect(readlinkSync(`/proc/${parentPid}/fd/${LEFT_OPEN}`)).toBe(token.location.pinFile) // so there was one to inherit
    const open = readdirSync(`/proc/${childPid}/fd`).map((descriptor) => readlinkSync(`/proc/${childPid}/fd/${descriptor}`))
    expect(open.length).toBeGreaterThan(4)
    // The channel and the log to the parent, and what Node makes for itself.
    expect(open.filter((target) => !/^(?:anon_inode:|pipe:|socket:|\/dev\/null$)/.test(target))).toEqual([])
  })

  it('can never dump core', () => {
    expect(readFileSync(`/proc/${childPid}/limits`, 'utf8')).toMatch(/^Max core file size\s+1\s+1\s/m)
  })

  it('has nothing in its environment but what the module and the channel need', () => {
    const names = readFileSync(`/proc/${childPid}/environ`, 'utf8')
      .split('\0')
      .filter((line) => line !== '')
      .map((line) => line.split('=')[0])
    expect(new Set(names)).toEqual(new Set(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'PWD', 'SOFTHSM2_CONF']))
  })

  it('runs under the permission model: no network, no processes, no threads, and only named files', () => {
    const command = readFileSync(`/proc/${childPid}/cmdline`, 'utf8').split('\0')
    expect(command).toContain('--permission')
    const granted = command.filter((argument) => argument.startsWith('--allow'))
    for (const flag of ['--allow-net', '--allow-child-process', '--allow-worker', '--allow-wasi']) expect(granted).not.toContain(flag)
    expect(granted.filter((argument) => argument.startsWith('--allow-fs-write'))).toEqual([`--allow-fs-write=${token.location.pinFile}.refused`])
  })
})

describe('where memory may not be locked', () => {
  it('the child says so, and signs', async () => {
    // Root may lock without limit unless it gave that right up.
    const command = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock'] : []
    const [program, ...before] = [...command, 'prlimit', '--memlock=0:0', '--', process.execPath]
    const script = PARENT.replace('silentLogger })', '{ ...silentLogger, warn: (_, message) => console.log(message) } })')
    expect(script).not.toBe(PARENT)
    const limited = spawn(program, [...before, '--input-type=module', '-e', script], { cwd: PROJECT, stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''
    limited.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    limited.stdin.write(`${JSON.stringify(token.location)}\n`)
    await eventually(() => expect(said).toMatch(/\{"pid".*\n/))
    const { pid } = JSON.parse(said.slice(said.indexOf('{"pid"'))) as { readonly pid: number }
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^VmLck:\s+0 kB$/m)
    expect(said.match(/memory for secrets is not locked/g)).toHaveLength(1)
    limited.kill()
  })
})

const PARENT = `
  import { createInterface } from 'node:readline/promises'
  import { silentLogger } from '#core'
  import { keyMaterialJson, startKeyHost } from '#keyhost'
  const location = JSON.parse(await createInterface({ input: process.stdin }).question(''))
  const keyHost = await startKeyHost({ token: location, logger: silentLogger })
  const key = await keyHost.generateKey({ keyId: 'k', version: 1, suite: 'mldsa65-ecdsa-p256', label: 'k', role: 'signing' })
  for (let i = 0; i < 20; i++) await keyHost.sign([{ key, message: new Uint8Array(100) }])
  console.log(JSON.stringify({ pid: keyHost.pid, key: keyMaterialJson(key) }))
`

/** Whether a process's writable memory holds any of these bytes. */
function findInMemory(pid: number, forms: readonly Buffer[]): boolean {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
      if (match === null) continue
      const [start, end] = [Number.parseInt(match[1] as string, 16), Number.parseInt(match[2] as string, 16)]
      for (let at = start; at < end; at += CHUNK) {
        const chunk = readChunk(memory, at, Math.min(CHUNK + OVERLAP, end - at))
        if (forms.some((form) => chunk.includes(form))) return true
      }
    }
    return false
  } finally {
    closeSync(memory)
  }
}

function readChunk(memory: number, at: number, length: number): Buffer {
  const chunk = Buffer.alloc(length)
  try {
    return chunk.subarray(0, readSync(memory, chunk, 0, length, at))
  } catch {
    return Buffer.alloc(0) // reserved, not readable
  }
}

/** Far above what Node closes by itself. */
const LEFT_OPEN = 200
const CHUNK = 4 * 1024 * 1024
const OVERLAP = 256
