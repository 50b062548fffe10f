/** Signs checkpoints with the log's two keys, Ed25519 and ML-DSA-44, in one round trip to the key host. */
import type { CheckpointSigner } from '#audit'
import { type Clock, SealstoneError, toBase64, utf8 } from '#core'
import type { TrustFile } from '#envelopes'
import type { KeyHost, KeyMaterial } from '#keyhost'
import type { LogKeys } from '#keys'
import { parsePublicKey } from '#suites'
import type { Authority } from '#timestamps'
import {
  cosignedMessage,
  encodeCheckpoint,
  encodeTimestampedSignature,
  encodeVerifierKey,
  formatNote,
  type LogKeyType,
  type LogVerifierKey,
  logVerifierKey,
  witnessVkeys,
} from '#tlog'
import type { WitnessSettings } from './witness-settings.ts'

export interface CheckpointSignerParts {
  readonly origin: string
  /** As they are sealed at this moment: their public halves never change. */
  readonly logKeys: () => LogKeys
  readonly keyHost: Pick<KeyHost, 'sign'>
  readonly clock: Clock
}

export function checkpointSigner({ origin, logKeys, keyHost, clock }: CheckpointSignerParts): CheckpointSigner {
  const keys = verifierKeys(origin, logKeys())
  return {
    keys: [keys.ed25519, keys.mlDsa44],
    sign: async (checkpoint) => {
      const text = encodeCheckpoint(checkpoint)
      const timestampSeconds = BigInt(Math.floor(clock.now().getTime() / 1000))
      const cosigned = cosignedMessage({ ...checkpoint, name: origin, timestampSeconds })
      const { ed25519: ed25519Key, mlDsa44: mlDsa44Key } = logKeys()
      const items = [
        { key: ed25519Key, message: utf8(text) },
        { key: mlDsa44Key, message: cosigned },
      ]
      const [ed25519, mlDsa44] = await keyHost.sign(items, { priority: 'log' })
      if (ed25519 === undefined || mlDsa44 === undefined) throw new SealstoneError('INTERNAL', 'the key host answered fewer signatures than asked')
      return formatNote({
        text,
        signatures: [
          { name: origin, keyId: keys.ed25519.keyId, signature: ed25519 },
          { name: origin, keyId: keys.mlDsa44.keyId, signature: encodeTimestampedSignature(timestampSeconds, mlDsa44) },
        ],
      })
    },
  }
}

export interface LogHelpers {
  readonly witnesses?: WitnessSettings
  readonly authority?: Authority
}

/** What the trust file says of the log. */
export function logTrust(origin: string, logKeys: LogKeys, { witnesses: settings, authority }: LogHelpers = {}): TrustFile['log'] {
  const { ed25519, mlDsa44 } = verifierKeys(origin, logKeys)
  const keys = [encodeVerifierKey(ed25519), encodeVerifierKey(mlDsa44)]
  const authorities = authority === undefined ? {} : { authorities: [{ name: authority.name, roots: authority.roots.map(toBase64) }] }
  if (settings === undefined) return { origin, keys, ...authorities }
  const witnesses = settings.witnesses.map(({ witness }) => ({ name: witness.name, keys: witnessVkeys(witness) }))
  return { origin, keys, witnesses, quorum: settings.demanded, ...authorities }
}

function verifierKeys(origin: string, logKeys: LogKeys): { readonly ed25519: LogVerifierKey; readonly mlDsa44: LogVerifierKey } {
  return { ed25519: verifierKey(origin, 'ed25519', logKeys.ed25519), mlDsa44: verifierKey(origin, 'ml-dsa-44', logKeys.mlDsa44) }
}

function verifierKey(name: string, type: LogKeyType, material: KeyMaterial): LogVerifierKey {
  return logVerifierKey({ name, type, publicKey: parsePublicKey(material.spki).raw })
}
