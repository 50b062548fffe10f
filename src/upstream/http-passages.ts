/** Streams of one server that end at one receiver: pieces of one message are not mixed with others. */
import type { Receiver } from './link.ts'
import type { Incoming } from './message-framer.ts'

/** The way of one stream to the receiver: its turn lasts from the first piece of a long message to the last. */
export interface Passage {
  pass(incoming: Incoming): Promise<void>
  /** Gives up the turn, also in the middle of a message. */
  end(): void
}

export class Passages {
  readonly #receiver: () => Receiver | undefined
  /** Whoever passes a message on holds this. */
  #turn: Promise<void> = Promise.resolve()

  constructor(receiver: () => Receiver | undefined) {
    this.#receiver = receiver
  }

  open(): Passage {
    let held: PromiseWithResolvers<void> | undefined
    let isWithin = false
    const end = (): void => {
      if (isWithin) this.#receiver()?.broke?.()
      isWithin = false
      held?.resolve()
      held = undefined
    }
    const pass = async (incoming: Incoming): Promise<void> => {
      if (incoming.part === 'whole' || incoming.part === 'first') {
        const before = this.#turn
        held = Promise.withResolvers<void>()
        this.#turn = held.promise
        await before
      }
      isWithin = incoming.part === 'first' || incoming.part === 'next'
      await this.#receiver()?.message(incoming)
      if (!isWithin) end()
    }
    return { pass, end }
  }
}
