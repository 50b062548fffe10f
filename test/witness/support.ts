/** A witness in a folder of its own with one log that it knows, and that log: a tree in memory under software keys. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLogger, systemClock, utf8 } from '#core'
import {
  type AddCheckpointRequest,
  consistencyProof,
  encodeVerifierKey,
  formatAddCheckpoint,
  GrowingTree,
  type LogVerifierKey,
  parseWitness,
  type Witness,
} from '#tlog'
import { initWitness, runWitness } from '#witness'
import { type SoftwareLog, softwareLog } from '../support/software-log.ts'

export const NAME = 'witness.example/w1'

/** Makes the witness and lists the logs; it does not run yet. */
export function makeWitness(
  directory: string,
  logs: readonly SoftwareLog[],
  keysOf = (log: SoftwareLog): readonly LogVerifierKey[] => log.keys,
  name = NAME,
): Witness {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const { vkeys } = initWitness(directory, name)
  const path = join(directory, 'witness.toml')
  writeFileSync(path, readFileSync(path, 'utf8').replace(':7380', ':0'))
  for (const log of logs)
    appendFileSync(
      path,
      `[[log]]\norigin = "${log.origin}"\nkeys = [${keysOf(log)
        .map((key) => `"${encodeVerifierKey(key)}"`)
        .join(', ')}]\n`,
    )
  return parseWitness(vkeys)
}

export function startWitness(directory: string, logger = silentLogger) {
  return runWitness({ directory, clock: systemClock, logger })
}

/** A log of fewer than 256 leaves. */
export class TreeLog {
  readonly keys: SoftwareLog
  readonly #trees: GrowingTree[] = [GrowingTree.empty()]

  /** @param kind what its leaves say: two logs of one key and of different kinds are a fork */
  constructor(keys = softwareLog('log.example/models'), kind = 'leaf', size = 40) {
    this.keys = keys
    const tree = GrowingTree.empty()
    for (let index = 0; index < size; index++) {
      tree.append(utf8(`${kind} ${index}`))
      this.#trees.push(tree.clone())
    }
  }

  checkpoint(size: number): string {
    const tree = this.#trees[size] as GrowingTree
    return this.keys.signNow({ origin: this.keys.origin, size: BigInt(size), root: tree.root() })
  }

  request(oldSize: number, size: number): AddCheckpointRequest {
    const reader = (this.#trees[size] as GrowingTree).reader(() => {
      throw new Error('no tile is full')
    })
    const proof = oldSize === 0 || oldSize > size ? [] : consistencyProof(BigInt(oldSize), BigInt(size), reader)
    return { oldSize: BigInt(oldSize), proof, checkpoint: this.checkpoint(size) }
  }
}

export interface Reply {
  readonly status: number
  readonly type: string | null
  readonly body: string
}

export async function post(url: string, request: AddCheckpointRequest | string | Uint8Array<ArrayBuffer>): Promise<Reply> {
  const body = typeof request === 'string' || request instanceof Uint8Array ? request : formatAddCheckpoint(request)
  const response = await fetch(`${url}/add-checkpoint`, { method: 'POST', body })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}
