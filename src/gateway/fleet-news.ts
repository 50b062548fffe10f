/** What the operator hears of the servers of a fleet: what is wrong, each thing once, however often it comes. */
import { cutText, type JsonObject, visible } from '#core'
import type { FleetMember } from './fleet-member.ts'

export class FleetNews {
  readonly #note: (text: string) => void
  readonly #told = new Set<string>()

  constructor(note: (text: string) => void) {
    this.#note = note
  }

  tell(text: string): void {
    if (this.#told.has(text) || this.#told.size > MOST_TOLD) return
    this.#told.add(text)
    this.#note(text)
  }

  /** Others go on: what is wrong with this one is told here, in the audit log, and to whoever calls a tool of it. */
  leftOut({ name }: FleetMember, { message }: JsonObject): void {
    this.tell(`the MCP server ${name} is left out: ${visible(cutText(typeof message === 'string' ? message : 'no reason', 500))}`)
  }
}

const MOST_TOLD = 1000
