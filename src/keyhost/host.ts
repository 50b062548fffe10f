/** What the key host does when told: open the token, make keys, sign, check, provision. One command at a time, synchronously. */
import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { type Logger, SealstoneError, unreachable } from '#core'
import { type Engine, selfTest } from '#suites'
import { nativeEngine } from '#suites/native'
import { initialiseToken, openToken, secretArea, type Token } from '#token'
import { checkKeys } from './check-keys.ts'
import { adoptKey, destroyKeys, importKey } from './foreign-keys.ts'
import { generateKey } from './generate-key.ts'
import type { KeyMaterial } from './key-material.ts'
import { measure } from './measure.ts'
import { ProbeHost } from './probe-host.ts'
import {
  type CommandResult,
  type GenerateRequest,
  type OpenRequest,
  PROTOCOL_VERSION,
  type ProvisionRequest,
  type TokenInfo,
  type WireCommand,
  type WireSignItem,
} from './protocol.ts'
import { generateRecoverableKey, recoverKey } from './recoverable-key.ts'
import { ReadyKeys } from './ready-keys.ts'
import { beginReseal, endReseal, resealKeys } from './reseal.ts'
import { ReceivedKeys } from './sent-keys.ts'
import { type KeyHostParts, signItems } from './sign-items.ts'

export class Host {
  readonly #logger: Logger
  #engine: Engine | undefined
  #token: Token | undefined
  #ready: ReadyKeys | undefined
  #probe: ProbeHost | undefined
  #hashSerial = false
  readonly #received = new ReceivedKeys()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  learnKeys(command: WireCommand): void {
    if (command.kind === 'sign') for (const { key } of command.request) this.#received.learn(key)
  }

  /** A promise only where an age file is made or opened; everything else is done when it returns. */
  obey(protocol: number, command: WireCommand): CommandResult | Promise<CommandResult> {
    if (protocol !== PROTOCOL_VERSION) {
      throw new SealstoneError('INTERNAL', `key host speaks protocol ${PROTOCOL_VERSION}, its parent ${protocol}`, {
        hint: 'restart the daemon: its files were replaced',
      })
    }
    switch (command.kind) {
      case 'open':
        return this.#open(command.request)
      case 'provision':
        return provision(command.request)
      case 'generate':
        return generate(this.#use(), command.request)
      case 'sign':
        return this.#sign(command.request)
      case 'check':
        checkKeys(this.#use(), command.request)
        return null
      case 'adopt':
        return adoptKey(this.#use(), command.request)
      case 'import':
        return importKey(this.#use(), command.request)
      case 'recover':
        return recoverKey(this.#use(), command.request)
      case 'probe':
        this.#probe ??= new ProbeHost(this.#logger)
        return this.#probe.obey(command.request)
      case 'measure':
        return measure(this.#use(), this.#keys(), command.request)
      case 'destroy':
        destroyKeys(this.#use(), command.request)
        return null
      case 'begin-reseal':
        return beginReseal(this.#use(), command.request)
      case 'reseal':
        return resealKeys(this.#use(), command.request)
      case 'end-reseal':
        return endReseal(this.#use(), command.request)
      default:
        return unreachable(command)
    }
  }

  /** The self-test comes before the login: a process that computes wrongly gets no PIN. */
  #open({ modulePath, token, serial, model, manufacturer, pinFile, refusedElsewhere, keepKeysMs, hashSerial }: OpenRequest): TokenInfo {
    if (this.#token !== undefined) throw new SealstoneError('INTERNAL', 'the key host is open already')
    this.#engine = nativeEngine()
    selfTest(this.#engine)
    const name = {
      label: token,
      ...(serial === undefined ? {} : { serial }),
      ...(model === undefined ? {} : { model }),
      ...(manufacturer === undefined ? {} : { manufacturer }),
    }
    this.#hashSerial = hashSerial === true
    if (!secretArea.isLocked)
      this.#logger.warn({}, 'memory for secrets is not locked and may be swapped out: RLIMIT_MEMLOCK is too small, or locking is not allowed')
    this.#token = openToken({ modulePath, token: name, pinFile, refusedElsewhere, logger: this.#logger })
    this.#ready = new ReadyKeys({ token: this.#token, engine: this.#engine }, keepKeysMs)
    return this.#token.info
  }

  /** Lets go of expanded keys that are idle or old; how many are left. */
  sweep(): number {
    return this.#ready?.sweep() ?? 0
  }

  #sign(items: readonly WireSignItem[]): Uint8Array[] {
    const parts = this.#use()
    const resolved = items.map(({ key, message }) => {
      const material = this.#received.resolve(key)
      if (material === undefined) throw new SealstoneError('INTERNAL', `key ${key.id} was not sent to this key host`)
      return { key: material, message }
    })
    return signItems(parts, this.#keys(), resolved)
  }

  #keys(): ReadyKeys {
    if (this.#ready === undefined) throw new SealstoneError('INTERNAL', 'the key host is not open')
    return this.#ready
  }

  #use(): KeyHostParts {
    if (this.#token === undefined || this.#engine === undefined) throw new SealstoneError('INTERNAL', 'the key host is not open')
    return { token: this.#token, engine: this.#engine, hashSerial: this.#hashSerial }
  }
}

function generate(parts: KeyHostParts, request: GenerateRequest): KeyMaterial | Promise<KeyMaterial> {
  const { recipients = [] } = request
  return recipients.length === 0 ? generateKey(parts, request) : generateRecoverableKey(parts, request, recipients)
}

/** The PINs are written first: a crash after that leaves files without a token, one before it leaves nothing. */
function provision({ modulePath, label, userPinFile, soPinFile }: ProvisionRequest): TokenInfo {
  const soPin = randomPin()
  const userPin = randomPin()
  writeSecret(soPinFile, soPin)
  writeSecret(userPinFile, userPin)
  return initialiseToken({ modulePath, label, soPin, userPin })
}

/** 128 bits as text, within every token's limits for a PIN's length. */
function randomPin(): string {
  return randomBytes(16).toString('hex')
}

/** O_SYNC and not fsync: Node's permission model, under which this process runs, has no fsync. */
function writeSecret(path: string, secret: string): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_SYNC } = constants
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_SYNC, 0o600)
  try {
    writeSync(file, `${secret}\n`)
  } finally {
    closeSync(file)
  }
}
