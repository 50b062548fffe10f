/** Serves the console: the page to whoever has a session, a session to whoever has a link, and the log to the page. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, type ErrorCode, type Logger, toSealstoneError } from '#core'
import { type HttpAddress, openHttpListener, UnsentAnswers } from '#listeners'
import { answerApi } from './api.ts'
import { Live } from './live.ts'
import { PAGE_FOLDER, type PageFile, readPage } from './page-files.ts'
import type { ConsoleLog } from './ports.ts'
import { judgeRequest, SECURITY_HEADERS, servedHosts } from './request-rules.ts'
import { Sessions } from './sessions.ts'
import { SIGNED_OUT_PAGE } from './signed-out-page.ts'

export interface ConsoleOptions extends HttpAddress {
  readonly log: ConsoleLog
  readonly clock: Clock
  readonly logger: Logger
  /** Somebody came with a link that opens nothing: it was never given out, is used, or is over. */
  readonly onLinkRefused?: () => void
  /** Names beside the address itself by which browsers reach the console, without port. */
  readonly hosts?: readonly string[]
  /** Where the bundled page is. */
  readonly pageFolder?: string
  /** Of answers that their readers do not take; default 64 MiB. */
  readonly mostUnsentBytes?: number
}

/** Closed when disposed of. */
export interface ConsoleServer extends AsyncDisposable {
  /** `http://127.0.0.1:7490` */
  readonly origin: string
  /** A link that opens one session, once, within some minutes. */
  newLink(): { readonly url: string; readonly minutes: number }
}

/** Throws CONFIG_INVALID or FILE_UNREADABLE. */
export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const page = readPage(options.pageFolder ?? PAGE_FOLDER)
  const sessions = new Sessions(options.clock, { linkMs: LINK_MINUTES * 60_000, sessionMs: SESSION_HOURS * 3_600_000 })
  const live = new Live(options.log)
  const listener = await openHttpListener(
    { ...options, setting: 'console.listen', connections: MOST_CONNECTIONS, idleMs: IDLE_MS },
    (request, response) => {
      void handle(parts, request, response).catch((error: unknown) => {
        options.logger.error({ error: toSealstoneError(error).message }, 'a request of the console failed')
        response.destroy()
      })
    },
  )
  const isTls = options.tls !== undefined
  // The port is known once it listens; no request is read before this turn of the event loop is over.
  const parts: Parts = {
    page,
    sessions,
    live,
    log: options.log,
    onLinkRefused: options.onLinkRefused,
    hosts: servedHosts(options.host, listener.port, isTls, options.hosts ?? []),
    // Cookies do not know of ports: two consoles on one machine would take each other's away.
    unsent: new UnsentAnswers(options.mostUnsentBytes ?? MOST_UNSENT_BYTES),
    cookie: isTls ? '__Host-sealstone-console' : `sealstone-console-${listener.port}`,
    isTls,
  }
  return {
    origin: listener.origin,
    newLink: () => ({ url: `${listener.origin}/open?token=${sessions.newLink()}`, minutes: LINK_MINUTES }),
    [Symbol.asyncDispose]: async () => {
      live.close()
      await listener.close()
    },
  }
}

interface Parts {
  readonly page: ReadonlyMap<string, PageFile>
  readonly sessions: Sessions
  readonly live: Live
  readonly log: ConsoleLog
  readonly onLinkRefused: (() => void) | undefined
  readonly hosts: ReadonlySet<string>
  readonly cookie: string
  readonly unsent: UnsentAnswers
  readonly isTls: boolean
}

async function handle(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refusal = judgeRequest(request, parts.hosts)
  if (refusal !== undefined) return answerText(response, refusal.status, `${refusal.text}\n`)
  const asked = URL.parse(request.url ?? '/', 'http://console')
  if (asked === null) return answerText(response, 400, 'the address is none\n')
  const { pathname, searchParams } = asked
  if (pathname === '/open' && request.method === 'GET') return openSession(parts, response, searchParams.get('token') ?? '')
  const file = parts.page.get(pathname)
  if (file !== undefined && OPEN_TO_ALL.includes(pathname)) return answerFile(response, file)
  const session = readCookie(request, parts.cookie)
  if (session === undefined || !parts.sessions.isOpen(session)) return answerFile(response, { type: HTML, bytes: SIGNED_OUT_PAGE }, 401)

  if (request.method === 'POST') {
    if (pathname !== '/api/sign-out') return answerText(response, 404, 'there is nothing here\n')
    parts.sessions.close(session)
    response.writeHead(204, { ...SECURITY_HEADERS, 'set-cookie': cookieText(parts, '', 0) }).end()
  } else if (file !== undefined) {
    answerFile(response, file)
  } else if (pathname === '/api/live') {
    if (request.method === 'HEAD') return answerText(response, 405, 'only GET follows the log\n')
    if (!parts.live.add(response, SECURITY_HEADERS, () => parts.sessions.isOpen(session)))
      answerText(response, 503, 'too many pages listen already\n')
  } else {
    await answerData(parts, request, response, pathname, searchParams)
  }
}

function openSession(parts: Parts, response: ServerResponse, link: string): void {
  let session: string | undefined
  try {
    session = link.length > MAX_TOKEN ? undefined : parts.sessions.open(link)
  } catch (thrown) {
    const { code, message } = toSealstoneError(thrown)
    return answerText(response, STATUSES[code] ?? 500, `${message}; sign out of one and open the link again\n`)
  }
  if (session === undefined) {
    parts.onLinkRefused?.()
    return answerFile(response, { type: HTML, bytes: SIGNED_OUT_PAGE }, 401)
  }
  response.writeHead(303, { ...SECURITY_HEADERS, location: '/', 'set-cookie': cookieText(parts, session, SESSION_HOURS * 3600) }).end()
}

/** Who takes an answer slowly has it kept for him in memory: all together no more than some of these, what was read meanwhile for others is dropped. */
async function answerData(
  { log, unsent }: Parts,
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
  parameters: URLSearchParams,
): Promise<void> {
  try {
    const answer = unsent.isFull ? undefined : await answerApi(log, pathname, parameters)
    if (unsent.isFull) return answerText(response, 503, 'too many readers who do not take their answers\n')
    if (answer === undefined) return answerText(response, 404, 'there is nothing here\n')
    if (request.socket.destroyed) return
    unsent.hold(request, response, answer.bytes.length)
    answerFile(response, answer)
  } catch (thrown) {
    const error = toSealstoneError(thrown)
    const status = STATUSES[error.code] ?? 500
    answerFile(response, { type: JSON_TYPE, bytes: Buffer.from(JSON.stringify({ code: error.code, message: error.message })) }, status)
  }
}

function answerFile(response: ServerResponse, { type, bytes }: { readonly type: string; readonly bytes: Uint8Array }, status = 200): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': type, 'content-length': bytes.length }).end(bytes)
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(text)
}

function cookieText({ cookie, isTls }: Parts, value: string, seconds: number): string {
  return `${cookie}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isTls ? '; Secure' : ''}`
}

function readCookie(request: IncomingMessage, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  return value === undefined || value.length > MAX_TOKEN ? undefined : value
}

/** What the page for those without a session looks like is no secret. */
const OPEN_TO_ALL = ['/page.css', '/icon.svg']
const STATUSES: { readonly [Code in ErrorCode]?: number } = { INPUT_INVALID: 400, TILE_MISSING: 404, OVERLOADED: 503 }
const HTML = 'text/html; charset=utf-8'
const JSON_TYPE = 'application/json'
const MAX_TOKEN = 64
const LINK_MINUTES = 10
const SESSION_HOURS = 12
const MOST_CONNECTIONS = 64
/** Longer than the pause between two signs of life that pages get which follow the log. */
const IDLE_MS = 60_000
const MOST_UNSENT_BYTES = 64 * 1024 * 1024
