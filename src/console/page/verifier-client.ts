/** The verifying thread as the visible page uses it. */
import type { LogJudgement, TrustJudgement } from './judgement.ts'
import type { News, VerifierAnswers, VerifierCalls, VerifierReply } from './verifier-protocol.ts'

export interface VerifierNews {
  trust(trust: TrustJudgement): void
  log(log: LogJudgement): void
  connection(isOpen: boolean): void
  signedOut(): void
}

export class Verifier {
  readonly #worker = new Worker('/verifier.js', { type: 'module' })
  readonly #waiting = new Map<number, PromiseWithResolvers<never>>()
  #lastId = 0

  constructor(news: VerifierNews) {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<News | VerifierReply>) => {
      if ('news' in data) tellNews(news, data)
      else this.#settle(data)
    })
    this.#worker.addEventListener('error', () =>
      news.log({ kind: 'refused', fault: 'unreachable', message: 'the verifying thread failed', claimedSize: '0' }),
    )
  }

  /** Throws what went wrong as an Error with a text for people. */
  ask<Kind extends keyof VerifierCalls>(kind: Kind, call: VerifierCalls[Kind]): Promise<VerifierAnswers[Kind]> {
    const waiter = Promise.withResolvers<VerifierAnswers[Kind]>()
    const id = ++this.#lastId
    this.#waiting.set(id, waiter as unknown as PromiseWithResolvers<never>)
    this.#worker.postMessage({ id, kind, call })
    return waiter.promise
  }

  #settle(message: VerifierReply): void {
    const waiter = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('error' in message) waiter?.reject(new Error(message.error))
    else waiter?.resolve(message.value as never)
  }
}

function tellNews(news: VerifierNews, message: News): void {
  switch (message.news) {
    case 'trust':
      return news.trust(message.trust)
    case 'log':
      return news.log(message.log)
    case 'connection':
      return news.connection(message.isOpen)
    case 'signed-out':
      return news.signedOut()
  }
}
