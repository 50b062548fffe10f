/** Webhooks: signed as the specification's own example, bounded in time, repeated while the receiver is away. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseWebhookSecret, parseWebhookUrl, postAlerts } from '#monitor'
import { codeOf } from '../audit/support.ts'
import { serveWith } from '../tilesources/support.ts'
import { webhookSignature } from '../../src/monitor/webhook.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const never = new AbortController().signal

describe('a webhook', () => {
  it('is signed as the example of Standard Webhooks', () => {
    const signature = webhookSignature(parseWebhookSecret(`${SECRET}\n`), 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}')
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })

  it('is posted again with the same id until it is taken, and the receiver can check every try', async () => {
    const got: { id: string; signed: boolean; body: string }[] = []
    const url = await serveWith((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const [id, time] = [String(request.headers['webhook-id']), String(request.headers['webhook-timestamp'])]
        const want = createHmac('sha256', Buffer.from(SECRET.slice(6), 'base64'))
          .update(`${id}.${time}.${body}`)
          .digest('base64')
        got.push({ id, body, signed: request.headers['webhook-signature'] === `v1,${want}` })
        response.writeHead(got.length < 3 ? 503 : 204).end()
      })
    })
    await postAlerts([{ kind: 'fork' }], { url: new URL(url), secret: parseWebhookSecret(SECRET), signal: never })
    expect(got.map(({ signed }) => signed)).toEqual([true, true, true])
    expect(new Set(got.map(({ id }) => id)).size).toBe(1)
    expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({ type: 'sealstone.audit.alerts', data: { alerts: [{ kind: 'fork' }] } })
  })

  it('that says nothing holds nobody for longer than its time', async () => {
    const url = await serveWith(() => {})
    const began = performance.now()
    expect(await codeOf(postAlerts([], { url: new URL(url), signal: never, timeoutMs: 300 }))).toBe('WEBHOOK_UNAVAILABLE')
    expect(performance.now() - began).toBeLessThan(60_000)
  })

  it('that leads elsewhere is not followed', async () => {
    const url = await serveWith((_, response) => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end())
    expect(await codeOf(postAlerts([], { url: new URL(url), signal: never, timeoutMs: 300 }))).toBe('WEBHOOK_UNAVAILABLE')
  })

  it('ends with the watch', async () => {
    const url = await serveWith(() => {})
    const stop = AbortSignal.timeout(50)
    await expect(postAlerts([], { url: new URL(url), signal: stop })).rejects.toThrow()
  })

  it('is refused with a URL of another kind, or with a password in it', () => {
    for (const url of ['ftp://alerts.example/', 'alerts', 'https://user:secret@alerts.example/'])
      expect(() => parseWebhookUrl(url)).toThrow(/webhook/)
    expect(() => parseWebhookUrl('https://user:hunter2@alerts.example/')).not.toThrow(/hunter2/)
  })

  it('takes no secret that is short or no base64, and does not repeat it', () => {
    for (const secret of ['whsec_AAAA', 'hunter2!', ''])
      expect(() => parseWebhookSecret(secret)).toThrow(/^the secret of the webhook is not valid, want/)
  })
})
