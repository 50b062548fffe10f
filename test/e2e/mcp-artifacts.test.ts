/** What a publisher of MCP servers does with a real daemon: logs in to a registry. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askRegistry } from '#client'
import { type McpRegistry, REGISTRY_TOKEN, startMcpRegistry } from '../support/mcp-registry.ts'
import { initHome, run, runOk, type RunningDaemon, type RunResult, startDaemon, temporaryFolder } from '../support/sealstone.ts'

const folder = temporaryFolder()
let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

describe('a login to an MCP registry', () => {
  let registry: McpRegistry
  let edProof: string
  const login = (args: readonly string[]): Promise<RunResult> => run(['mcp', 'registry', 'login', '--domain', 'example.com', ...args], home)
  beforeAll(async () => {
    registry = await startMcpRegistry()
    await runOk(['keys', 'create', 'ed', '--suite', 'ed25519'], home)
    await runOk(['keys', 'create', 'p384', '--suite', 'ecdsa-p384'], home)
    edProof = (await runOk(['mcp', 'registry', 'login', '--key', 'ed', '--print-proof'], home)).stdout
  })
  afterAll(() => registry[Symbol.asyncDispose]())

  it.each([
    ['ed', 'http'],
    ['p384', 'dns'],
  ] as const)('gives a token for the key %s that the domain publishes, and the log tells of it', async (key, method) => {
    const proof = await runOk(['mcp', 'registry', 'login', '--key', key, '--print-proof'], home)
    registry.proofs.set('example.com', proof.stdout)
    const { code, stdout, stderr } = await login(['--key', key, '--registry', registry.url, '--method', method])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${REGISTRY_TOKEN}\n` })
    expect(stderr).toMatch(/logged in to .* as example\.com until 2030-/)
    expect(registry.requests.at(-1)?.path).toBe(`/v0/auth/${method}`)
    const listed = await runOk(['audit', 'list', '--model', 'example.com', '--json'], home)
    const leaves = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(leaves.slice(-2)).toMatchObject([
      { kind: 'intent', operation: 'sign.registry-login', key },
      { kind: 'outcome', operation: 'sign.registry-login', key, result: 'ok' },
    ])
  })

  it('writes the token where mcp-publisher reads it, for nobody else to read', async () => {
    registry.proofs.set('example.com', edProof)
    const file = join(folder.path, 'token')
    const { code, stdout, stderr } = await login(['--key', 'ed', '--registry', registry.url, '-o', file])
    expect(code).toBe(0)
    expect(stdout + stderr).not.toContain(REGISTRY_TOKEN)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ method: 'http', registry: registry.url, token: REGISTRY_TOKEN })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('without a registry prints what one wants', async () => {
    const { code, stdout } = await login(['--key', 'ed'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      domain: 'example.com',
      timestamp: expect.stringMatching(/Z$/) as string,
      signed_timestamp: expect.stringMatching(/^[0-9a-f]{128}$/) as string,
    })
  })

  it('says why there is no token: another key, a registry that is not well, an answer of another form, none at all', async () => {
    registry.proofs.set('example.com', edProof)
    const wrong = await login(['--key', 'p384', '--registry', registry.url])
    expect(wrong).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/answers 401.*signature verification failed/) as string })
    const challenge = { domain: 'example.com', timestamp: '', signature: new Uint8Array(64), algorithm: 'ed25519', leafIndex: 0n }
    for (const body of ['{"registry_token":7}', 'not json', `{"registry_token":"${'x'.repeat(70_000)}"}`]) {
      registry.answer = { status: 200, body }
      await expect(askRegistry(registry.url, 'http', challenge)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' })
    }
    registry.answer = undefined
    await expect(askRegistry('http://127.0.0.1:1', 'http', challenge)).rejects.toThrow(/cannot be reached/)
  })

  it('signs nothing for a registry that would be spoken to in the open, nor with a key that none takes', async () => {
    const before = (await runOk(['audit', 'list', '--model', 'example.com', '--json'], home)).stdout
    expect((await login(['--key', 'ed', '--registry', 'http://registry.example'])).stderr).toMatch(/want an https URL/)
    expect((await login(['--key', 'default', '--registry', registry.url])).stderr).toMatch(/registries take ed25519 and ecdsa-p384/)
    expect((await runOk(['audit', 'list', '--model', 'example.com', '--json'], home)).stdout).toBe(before)
  })
})
