/** Ids of requests of ours. They begin with what nobody else uses, so that they are told apart from those of others on a shared connection. */

export class OwnIds {
  readonly prefix: string
  #next = 1

  private constructor(prefix: string) {
    this.prefix = prefix
  }

  /** @param whose such as `fleet`, for people who read what goes over the connection */
  static of(whose?: string): OwnIds {
    return new OwnIds(`sealstone-${whose === undefined ? '' : `${whose}-`}${Math.random().toString(36).slice(2, 10)}-`)
  }

  /** Ids of these that are told apart from the others of these. */
  within(name: string): OwnIds {
    return new OwnIds(`${this.prefix}${name}-`)
  }

  /** As it is written in a message: in quotes. */
  next(): string {
    return JSON.stringify(`${this.prefix}${this.#next++}`)
  }

  /** @param id as it is written in the message */
  owns(id: string | undefined): boolean {
    return id !== undefined && id.startsWith(`"${this.prefix}`)
  }
}
