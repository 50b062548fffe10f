/** Who gets into the console, and what its server refuses: asked over plain HTTP, as no browser would. */
import { readdirSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger, systemClock } from '#core'
import { type ConsoleLog, startConsole } from '#console'
import { eventually } from '../support/eventually.ts'
import { initHome, run, runOk, type RunningDaemon, startDaemon } from '../support/sealstone.ts'
import { bundlePage } from './browser.ts'
import { setConsole } from './stand.ts'

let home: Awaited<ReturnType<typeof initHome>>
let daemon: RunningDaemon
let origin: URL
let cookie: string

beforeAll(async () => {
  bundlePage()
  home = await initHome()
  setConsole(home.home, '127.0.0.1:0')
  daemon = await startDaemon(home.home)
  origin = new URL(/"address":"(http:[^"]+)","link"/.exec(daemon.log())?.[1] ?? '')
  cookie = cookieOf(await ask(await freshLink()))
})
afterAll(async () => {
  await daemon[Symbol.asyncDispose]()
  home[Symbol.dispose]()
})

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET', body = ''): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = request({ host: origin.hostname, port: origin.port, path, method, headers, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

async function freshLink(): Promise<string> {
  const { stdout } = await runOk(['audit', 'console'], { home: home.home })
  return stdout.trim().slice(origin.origin.length)
}

function cookieOf({ headers }: Answer): string {
  return String(headers['set-cookie']).split(';')[0] ?? ''
}

describe('a link', () => {
  it('opens a session once', async () => {
    const link = await freshLink()
    const first = await ask(link)
    expect(first).toMatchObject({ status: 303, headers: { location: '/' } })
    expect(String(first.headers['set-cookie'])).toMatch(/^sealstone-console-\d+=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
    expect(await ask('/api/checkpoint', { cookie: cookieOf(first) })).toMatchObject({ status: 200 })
    const second = await ask(link)
    expect(second.status).toBe(401)
    expect(second.headers['set-cookie']).toBeUndefined()
  })

  it('that opens nothing is told in the audit log', async () => {
    const listed = async (): Promise<string[]> =>
      (await runOk(['audit', 'list', '--kind', 'login-refused', '--json'], { home: home.home })).stdout.split('\n').slice(0, -1)
    const before = await listed()
    await ask(`/open?token=${'b'.repeat(43)}`)
    await eventually(async () => expect((await listed()).length).toBeGreaterThan(before.length))
    const told: unknown = JSON.parse((await listed()).at(-1) ?? '')
    expect(told).toMatchObject({
      operation: 'console.login',
      caller: 'unknown',
      errorCode: 'UNAUTHENTICATED',
      reason: expect.stringMatching(/never given out/),
    })
  })

  it('is refused when it was never given out', async () => {
    for (const token of ['', 'a'.repeat(43), 'a'.repeat(3000), '%00']) expect(await ask(`/open?token=${token}`), token).toMatchObject({ status: 401 })
  })

  it('is printed as JSON too, and only over the socket of the daemon', async () => {
    const { stdout } = await runOk(['audit', 'console', '--json'], { home: home.home })
    expect(JSON.parse(stdout)).toEqual({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/open\?token=[\w-]{43}$/), minutes: 10 })
  })

  it('stands nowhere in the state directory', async () => {
    const token = (await freshLink()).replace('/open?token=', '')
    const files = readdirSync(home.home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const holding = files.filter((file) => readFileSync(join(file.parentPath, file.name)).includes(token))
    expect(files.length).toBeGreaterThan(3)
    expect(holding.map(({ name }) => name)).toEqual([])
    expect(daemon.log()).not.toContain(token)
  })
})

describe('the server', () => {
  it.each(['/', '/page.js', '/verifier.js', '/api/checkpoint', '/api/trust', '/api/entries', '/api/live', '/api/tile/0/000.p/1', '/nothing'])(
    'answers 401 for %s without a session',
    async (path) => {
      expect(await ask(path)).toMatchObject({ status: 401 })
      expect(await ask(path, { cookie: cookie.replace(/=.*/, `=${'a'.repeat(43)}`) })).toMatchObject({ status: 401 })
    },
  )

  it('forgets a session that signs out', async () => {
    const mine = cookieOf(await ask(await freshLink()))
    expect(await ask('/api/sign-out', { cookie: mine, 'sec-fetch-site': 'cross-site' }, 'POST')).toMatchObject({ status: 403 })
    expect(await ask('/api/checkpoint', { cookie: mine })).toMatchObject({ status: 200 })
    expect(await ask('/api/sign-out', { cookie: mine }, 'POST')).toMatchObject({ status: 204 })
    expect(await ask('/api/checkpoint', { cookie: mine })).toMatchObject({ status: 401 })
  })

  it('ends what follows the log when the session that asked for it signs out', async () => {
    const mine = cookieOf(await ask(await freshLink()))
    const asked = { host: origin.hostname, port: origin.port, path: '/api/live', headers: { cookie: mine }, agent: false }
    const following = await new Promise<IncomingMessage>((resolve) => request(asked, resolve).end())
    await ask('/api/sign-out', { cookie: mine, origin: origin.origin }, 'POST')
    const told = (await Array.fromAsync(following.setEncoding('utf8'))).join('')
    expect({ status: following.statusCode, told }).toEqual({ status: 200, told: expect.stringMatching(/^event: checkpoint/) })
    expect((await ask('/api/live', { cookie }, 'HEAD')).status).toBe(405)
  })

  it('refuses hosts that are not its own: a name that somebody points here (DNS rebinding)', async () => {
    for (const host of ['evil.example', `evil.example:${origin.port}`, '127.0.0.1', `127.0.0.1.evil.example:${origin.port}`]) {
      expect(await ask('/api/checkpoint', { cookie, host }), host).toMatchObject({ status: 421 })
    }
    expect(await ask('/api/checkpoint', { cookie, host: `localhost:${origin.port}` })).toMatchObject({ status: 200 })
  })

  it('refuses what another page asks for, and says nothing of sharing', async () => {
    expect(await ask('/api/checkpoint', { cookie, origin: 'http://evil.example' })).toMatchObject({ status: 403 })
    expect(await ask('/api/checkpoint', { cookie, 'sec-fetch-site': 'same-site' })).toMatchObject({ status: 403 })
    expect((await ask('/api/checkpoint', { cookie, 'sec-fetch-site': 'cross-site' }, 'OPTIONS')).status).toBe(403)
    const { headers } = await ask('/api/checkpoint', { cookie })
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('says with every answer what the page may do', async () => {
    for (const path of ['/', '/api/entries', '/page.css', '/nothing']) {
      const { headers } = await ask(path, { cookie })
      expect(headers['content-security-policy'], path).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      expect(headers, path).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      })
    }
  })

  it('takes no body, no other method, no long address', async () => {
    expect(await ask('/api/sign-out', { cookie, 'content-length': '3' }, 'POST', 'abc')).toMatchObject({ status: 413 })
    expect(await ask('/api/checkpoint', { cookie }, 'DELETE')).toMatchObject({ status: 405 })
    expect(await ask(`/api/entries?q=${'a'.repeat(5000)}`, { cookie })).toMatchObject({ status: 400 })
    expect((await ask('/', { cookie, padding: 'a'.repeat(9000) })).status).toBe(431)
  })

  it.each([
    ['/api/entries?limit=0', 'limit is "0", want 1 to 1000'],
    ['/api/entries?limit=100000', 'limit is "100000"'],
    ['/api/entries?before=-1', 'before is "-1", want an index'],
    ['/api/entries?kind=nonsense', 'kind is "nonsense"'],
    ['/api/entries?since=yesterday', 'since is'],
    ['/api/entries?operationId=zz', 'want 32 hex digits'],
    ['/api/entries?stray=1', '"stray" is not known'],
    ['/api/entries?q=a+b+c+d+e+f+g+h+i', 'want at most 8'],
    ['/api/activity?buckets=9999', 'buckets is "9999"'],
    ['/api/tile/0/0', 'is no path of a tile'],
    ['/api/tile/../../etc/passwd', ''],
  ])('refuses %s', async (path, message) => {
    const answer = await ask(path, { cookie })
    expect(answer.status).toBe(message === '' ? 404 : 400)
    expect(answer.status === 400 ? (JSON.parse(answer.text) as { message: string }).message : '').toContain(message)
  })

  it('serves tiles as far as the checkpoint goes', async () => {
    const size = Number((JSON.parse((await ask('/api/checkpoint', { cookie })).text) as string).split('\n')[1])
    expect(await ask(`/api/tile/0/000.p/${size}`, { cookie })).toMatchObject({ status: 200, headers: { 'content-length': String(size * 32) } })
    expect(await ask(`/api/tile/0/000.p/${size + 1}`, { cookie })).toMatchObject({ status: 404 })
  })
})

describe('the configuration', () => {
  it('wants a loopback address, TLS, or somebody who says that plain HTTP is meant', async () => {
    const options = { host: '0.0.0.0', port: 0, clock: systemClock, logger: silentLogger, log: {} as ConsoleLog }
    await expect(startConsole(options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'console.listen is 0.0.0.0, want a loopback address',
    })
    await using meant = await startConsole({ ...options, allowPlain: true })
    expect(meant.newLink().url).toMatch(/^http:\/\/0\.0\.0\.0:\d+\/open/)
  })

  it('has the command say that there is no console', async () => {
    using other = await initHome([])
    await using _daemon = await startDaemon(other.home)
    const { code, stderr } = await run(['audit', 'console'], { home: other.home })
    expect(code).toBe(2)
    expect(stderr).toContain('the daemon serves no console')
    expect(stderr).toContain('[console]')
  })
})
