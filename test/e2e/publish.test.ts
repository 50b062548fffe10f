/** The log published by the real command, from a real installation, beside the running daemon: read by those who hold its keys alone. */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTrustFile } from '#envelopes'
import { nativeEngine } from '#suites/native'
import { parseVerifierKey } from '#tlog'
import { judge } from '../publish/support.ts'
import { diskModule } from '../support/disk-module.ts'
import { eventually } from '../support/eventually.ts'
import { tinyModel } from '../support/models.ts'
import { makeAuthority } from '../support/openssl.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon, temporaryFolder } from '../support/sealstone.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
const folder = temporaryFolder()
const directory = join(folder.path, 'public/log')

beforeAll(async () => {
  home = await initHome()
  daemon = await startDaemon(home.home)
  await runOk(['sign', tinyModel(join(folder.path, 'model'))], home)
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

const logKeys = () => {
  const { origin, keys } = parseTrustFile(readFileSync(join(home.home, 'trust.json')), nativeEngine()).log
  return { origin, keys: keys.map(parseVerifierKey) }
}
const publish = async (): Promise<Record<string, unknown>> =>
  JSON.parse((await runOk(['audit', 'publish', directory, '--json'], home)).stdout) as Record<string, unknown>

describe('audit publish', () => {
  it('writes the log down beside the running daemon, and then what is new', async () => {
    const first = await publish()
    expect(first).toMatchObject({ directory, origin: logKeys().origin, before: 0 })
    expect(await judge(directory, logKeys())).toBe(BigInt(first['size'] as number))
    await runOk(['sign', join(folder.path, 'model')], home)
    const second = await publish()
    expect(second['before']).toBe(first['size'])
    expect(second['size']).toBeGreaterThan(first['size'] as number)
    expect(await judge(directory, logKeys())).toBe(BigInt(second['size'] as number))
    expect((await runOk(['audit', 'publish', directory], home)).stdout).toMatch(/ has \d+ entries of .*, nothing is new\n$/)
  })

  it('is compared with the database by audit fsck, which says what was changed there', async () => {
    await publish()
    const good = JSON.parse((await runOk(['audit', 'fsck', '--tiles', directory, '--json'], home)).stdout) as Record<string, unknown>
    expect(good).toMatchObject({ ok: true, origin: logKeys().origin, findingCount: 0 })
    expect(good['published']).toBeGreaterThan(0)
    expect((await runOk(['audit', 'fsck'], home)).stdout).toMatch(/^OK {2}\S+: \d+ leaves, 1 checkpoint\n/)

    const copy = join(folder.path, 'copy')
    cpSync(directory, copy, { recursive: true })
    const bundle = join(copy, 'tile/entries', readdirSync(join(copy, 'tile/entries'))[0] ?? '')
    const [width = ''] = readdirSync(bundle)
    const bytes = readFileSync(join(bundle, width))
    bytes[20] = (bytes[20] ?? 0) ^ 1
    writeFileSync(join(bundle, width), bytes)
    const bad = await runOk(['audit', 'fsck', '--tiles', copy], { ...home, wantCode: 1 })
    expect(bad.stdout).toMatch(/^CORRUPT .*\n.*\n {4}published: leaf 0 of the published copy is not the one in the tree\n$/)
    expect(bad.stderr).toMatch(/^error: leaf 0 of the published copy is not the one in the tree\nhint: /)
  })

  it('works when no daemon runs', async () => {
    await daemon.stop()
    await publish()
    expect(await judge(directory, logKeys())).toBeGreaterThan(0n)
    daemon = await startDaemon(home.home)
  })

  it('fails with what to do where it may not write, and changes nothing', async () => {
    const closed = join(folder.path, 'closed')
    mkdirSync(closed, { mode: 0o555 })
    const refused = await run(['audit', 'publish', closed], { ...home, unprivileged: true })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/^error: .*closed.*EACCES.*\nhint: /)
    const before = readFileSync(join(directory, 'checkpoint'))
    chmodSync(join(directory, '.publish/unfinished'), 0o555)
    chmodSync(directory, 0o555)
    await runOk(['sign', join(folder.path, 'model')], home)
    expect((await run(['audit', 'publish', directory], { ...home, unprivileged: true })).code).toBe(2)
    expect(readFileSync(join(directory, 'checkpoint'))).toEqual(before)
    chmodSync(join(directory, '.publish/unfinished'), 0o700)
    chmodSync(directory, 0o755)
    await publish()
    expect(await judge(directory, logKeys())).toBeGreaterThan(0n)
  })

  it('refuses a directory that holds another log, with exit code 1', async () => {
    using other = await initHome([])
    const { code, stderr } = await run(['audit', 'publish', directory], other)
    expect(code).toBe(1)
    expect(stderr).toMatch(/holds the log/)
  })
})

describe('a daemon that publishes', () => {
  const kept = join(folder.path, 'kept')
  let address: string

  const configure = (settings: string): void => {
    const config = join(home.home, 'config.toml')
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace(/\[audit\]\n(?:(?:listen|publish|certificate|private_key) = .*\n)*/, `[audit]\n${settings}`),
    )
  }
  const published = ({ log }: RunningDaemon): string => /"address":"(https?:[^"]+)"[^\n]*the log is published/.exec(log())?.[1] ?? ''
  const restart = async (settings: string): Promise<void> => {
    await daemon.stop()
    configure(settings)
    daemon = await startDaemon(home.home)
    address = published(daemon)
  }
  const sizeOf = (place: string): Promise<bigint> => judge(place, logKeys())

  it('serves the log and keeps the directory up to date', async () => {
    await restart(`listen = "127.0.0.1:0"\npublish = "${kept}"\n`)
    const before = await sizeOf(address)
    await runOk(['sign', join(folder.path, 'model')], home)
    const size = await sizeOf(address)
    expect(size).toBeGreaterThan(before)
    await eventually(async () => expect(await sizeOf(kept)).toBe(size))
  })

  it('goes on signing when it cannot publish, says so, and catches up', async () => {
    const before = readFileSync(join(kept, 'checkpoint'))
    // In the way of what it makes itself when that is gone: nothing has to be put back that it may have made by then.
    const unfinished = join(kept, '.publish/unfinished')
    rmSync(unfinished, { recursive: true })
    writeFileSync(unfinished, 'in the way')
    await runOk(['sign', join(folder.path, 'model')], home)
    await eventually(() => expect(daemon.log()).toMatch(/"level":"error"[^\n]*OUTPUT_UNWRITABLE[^\n]*could not be published/))
    expect(readFileSync(join(kept, 'checkpoint'))).toEqual(before)
    rmSync(unfinished)
    await eventually(() => expect(daemon.log()).toMatch(/the log is published again/))
    expect(await sizeOf(kept)).toBe(await sizeOf(address))
  })

  it('publishes what came last before it stops', async () => {
    await runOk(['sign', join(folder.path, 'model')], home)
    const size = await sizeOf(address)
    expect(await daemon.stop()).toBe(0)
    expect(await sizeOf(kept)).toBe(size)
    daemon = await startDaemon(home.home)
  })

  it('killed while it publishes, has published nothing that is not whole, and goes on after the next start', async () => {
    const before = await sizeOf(kept)
    // In the middle of it: the tiles are written, and the checkpoint that covers them is not.
    const disk = diskModule(folder.path)
    await daemon.stop()
    daemon = await startDaemon(home.home, { env: disk.env })
    disk.inject({ step: 'rename', file: 'kept/checkpoint', action: 'kill-before' })
    await run(['sign', join(folder.path, 'model')], home) // answered or not
    await eventually(() => expect(disk.wasMet()).toBe(true))
    await daemon.kill('SIGKILL') // it is gone; this waits for it
    disk.clear()
    expect(await sizeOf(kept)).toBeGreaterThanOrEqual(before)
    daemon = await startDaemon(home.home)
    address = published(daemon)
    await runOk(['sign', join(folder.path, 'model')], home)
    const size = await sizeOf(address)
    await eventually(async () => expect(await sizeOf(kept)).toBe(size))
  })

  it('serves it by TLS with its own certificate, and to nobody by plain HTTP then', async () => {
    const authority = makeAuthority(folder.path)
    const { certFile, keyFile } = authority.issue('log', { names: ['IP:127.0.0.1'] })
    await restart(`listen = "127.0.0.1:0"\ncertificate = "${certFile}"\nprivate_key = "${keyFile}"\n`)
    expect(address).toMatch(/^https:/)
    const bundle = join(folder.path, 'model/model.hybrid.sig')
    // A reader with the daemon's certificate authority reads and proves; one without it reads nothing.
    const verify = ['audit', 'verify', bundle, '--log', address]
    await runOk(verify, { ...home, env: { NODE_EXTRA_CA_CERTS: authority.certFile } })
    expect((await run(verify, home)).stderr).toMatch(/cannot be fetched \(.*CERT|SELF_SIGNED|UNABLE_TO_VERIFY/)
    await expect(fetch(address.replace('https:', 'http:'))).rejects.toThrow()
  })

  it('does not start on an address that is taken', async () => {
    await daemon.stop()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    configure(`listen = "127.0.0.1:${(taken.address() as AddressInfo).port}"\n`)
    const { code, stderr } = await run(['serve'], home)
    taken.close()
    expect(code).toBe(3) // what started it may try again: the address may be free then
    expect(stderr).toMatch(/error: audit\.listen: 127\.0\.0\.1:\d+ cannot be used \(EADDRINUSE\)/)
    configure('')
    daemon = await startDaemon(home.home)
  })
})
