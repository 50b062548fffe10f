/** Has a key sign an X.509 document about itself: a request to a certification authority, or a certificate. */
import { randomBytes } from 'node:crypto'
import { type KeyName, SealstoneError } from '#core'
import { parsePublicKey } from '#suites'
import { authorize, useKey } from './authorize.ts'
import type { OperationContext } from './context.ts'
import type { CallContext } from './ports.ts'
import { eventOf, recorded } from './recorded.ts'

export interface CertifyKeyRequest {
  readonly name: KeyName
  /** Default is the newest that may sign. */
  readonly version?: number
  readonly document: 'request' | 'self-signed'
  readonly which: 'hybrid' | 'companion'
  /** RFC 4514. */
  readonly subject: string
  /** Of a certificate. */
  readonly days: number
}

/** The document is no statement, and no statement is one: those begin with `DSSEv1 `, this with a DER SEQUENCE. */
export async function certifyKey(
  context: OperationContext,
  call: CallContext,
  { name, version, document, which, subject, days }: CertifyKeyRequest,
): Promise<{ readonly der: Uint8Array; readonly pem: string }> {
  const { decision } = await authorize(context, call, 'keys.certify', name)
  using use = await useKey(context, call, 'keys.certify', { key: name, keyVersion: version, decision })
  const { record } = use
  const material = record[which]
  if (material === undefined) throw new SealstoneError('KEY_UNUSABLE', `key ${name} has no companion`, { hint: 'ask for the key itself' })
  const options = { key: parsePublicKey(material.spki), subject, sign: (message: Uint8Array) => context.keys.signWith(record, which, message) }
  let made: { readonly der: Uint8Array; readonly pem: string } | undefined
  const event = { ...eventOf(call.identity, 'keys.certify', record), decision, reason: `${document} of the ${which} key for ${subject}` }
  await recorded(context, event, async () => {
    const { certificateRequest, selfSignedCertificate } = await import('#certificates') // pkijs takes 50 ms to load
    made =
      document === 'request'
        ? await certificateRequest(context.engine, options)
        : await selfSignedCertificate(context.engine, { ...options, ...validity(context, days), serial: randomSerial() })
    return record
  })
  if (made === undefined) throw new SealstoneError('INTERNAL', 'no document was made')
  return made
}

function validity({ clock }: OperationContext, days: number): { notBefore: Date; notAfter: Date } {
  const now = clock.now()
  return { notBefore: now, notAfter: new Date(now.getTime() + days * DAY_MS) }
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets. */
function randomSerial(): bigint {
  return (BigInt(`0x${randomBytes(16).toString('hex')}`) >> 1n) + 1n
}

const DAY_MS = 86_400_000
