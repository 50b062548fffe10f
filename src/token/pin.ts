/** The PIN: read from its file at each login, and a refused one is remembered by its hash so that it is never sent again. */
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { fromHex, isClosedToOthers, SealstoneError, toHex } from '#core'
import { processUnfit } from './cryptoki-errors.ts'

/** A JavaScript string cannot be wiped: pkcs11js takes nothing else. It lives only in the key host. */
export function readPin(path: string): string {
  const text = readClosedFile(path)
  const pin = text.replace(/\r?\n$/, '')
  if (pin === '') throw new SealstoneError('TOKEN_PIN_REFUSED', `the PIN file ${path} is empty`, { hint: 'put the PIN into that file, mode 0600' })
  return pin
}

/**
 * The PINs that one token has refused, in a 0600 file: one line each, `serial salt hash` with a salted scrypt hash.
 * It outlives the process, so neither a respawned key host nor a restarted daemon spends another attempt of the token's counter.
 */
export class RefusedPins {
  readonly #paths: readonly [string, ...string[]]
  readonly #serial: string
  #lines: readonly string[]

  /** @param elsewhere where they are remembered when that cannot be done beside the PIN file */
  constructor(pinFile: string, serial: string, elsewhere?: string) {
    this.#paths = [`${pinFile}.refused`, ...(elsewhere === undefined ? [] : [elsewhere])]
    this.#serial = encodeURIComponent(serial)
    this.#lines = this.#paths.flatMap(readLines)
  }

  /** For messages. */
  get path(): string {
    return this.#paths.join(' and ')
  }

  /** Whether a PIN was refused by this token: then a lowered counter is explained by it. */
  get any(): boolean {
    return this.#ours().length > 0
  }

  has(pin: string): boolean {
    return this.#ours().some(([, salt = '', hash = '']) => timingSafeEqual(hashPin(pin, fromHex(salt)), fromHex(hash, HASH_BYTES)))
  }

  /** Durable on return. Called before anything else is done about a refusal. */
  add(pin: string): void {
    const salt = randomBytes(16)
    const line = [this.#serial, toHex(salt), toHex(hashPin(pin, salt))].join(' ')
    this.#lines = [...this.#lines, line]
    const [beside, ...elsewhere] = this.#paths
    try {
      appendLine(beside, line)
    } catch (error) {
      // A credential of systemd, and under ProtectSystem=strict everything outside of the state directory, is on a read-only file system.
      const [other] = elsewhere
      if (other === undefined) throw error
      appendLine(other, line)
    }
  }

  #ours(): string[][] {
    return this.#lines.map((line) => line.split(' ')).filter(([serial]) => serial === this.#serial)
  }
}

function appendLine(path: string, line: string): void {
  // O_SYNC and not fsync: Node's permission model, under which the key host runs, has no fsync.
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_SYNC, 0o600)
  try {
    writeSync(file, `${line}\n`)
  } finally {
    closeSync(file)
  }
}

function readClosedFile(path: string): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    throw unreadable(`the PIN file ${path} cannot be read`, cause, 'put the PIN into that file, mode 0600')
  }
  try {
    const stats = fstatSync(file)
    if (!isClosedToOthers(path, stats)) {
      const mode = (stats.mode & 0o777).toString(8)
      throw new SealstoneError('HOME_INSECURE', `the PIN file ${path} has mode 0${mode}, want 0600`, { hint: `chmod 600 ${path}` })
    }
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => /^\S+ [0-9a-f]{32} [0-9a-f]{64}$/.test(line))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw unreadable(`${path} cannot be read, so refused PINs are not known`, error, `make ${path} readable for the daemon's user`)
  }
}

/** A process or machine that has run out of something says nothing about the PIN: that passes, a refusal does not. */
function unreadable(message: string, cause: unknown, hint: string): SealstoneError {
  if (OUT_OF_RESOURCES.has(errorCode(cause))) return processUnfit(`${message} (${errorCode(cause)})`, cause)
  return new SealstoneError('TOKEN_PIN_REFUSED', message, { cause, hint })
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function hashPin(pin: string, salt: Uint8Array): Buffer {
  return scryptSync(pin, salt, HASH_BYTES)
}

const HASH_BYTES = 32
const OUT_OF_RESOURCES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO'])
