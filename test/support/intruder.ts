/** Somebody else at a token: the PKCS#11 module loaded into the test's own process, past all of our code. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pkcs11js from 'pkcs11js'
import { canonicalJson } from '#core'
import type { KeyMaterial, TokenLocation } from '#keyhost'

/** One token per process: the environment of its module is set for good. */
export class Intruder {
  readonly cryptoki = new pkcs11js.PKCS11()
  readonly slot: Buffer
  readonly session: Buffer
  readonly pin: string

  constructor({ location }: { readonly location: TokenLocation }) {
    Object.assign(process.env, location.env)
    this.cryptoki.load(location.modulePath)
    try {
      this.cryptoki.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
    } catch (error) {
      if (!String(error).includes('CKR_CRYPTOKI_ALREADY_INITIALIZED')) throw error
    }
    const slot = this.cryptoki.C_GetSlotList(true).find((one) => {
      const { label, serialNumber } = this.cryptoki.C_GetTokenInfo(one)
      return label.trimEnd() === location.token && (location.serial === undefined || serialNumber.trim() === location.serial)
    })
    if (slot === undefined) throw new Error(`no token ${location.token}`)
    this.slot = slot
    this.session = this.cryptoki.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION)
    this.pin = readFileSync(location.pinFile, 'utf8').trim()
  }

  login(pin = this.pin): void {
    this.cryptoki.C_Login(this.session, pkcs11js.CKU_USER, pin)
  }

  logout(): void {
    this.cryptoki.C_Logout(this.session)
  }

  /** PKCS#11's own witness: set by a refused PIN, cleared by an accepted one. */
  get wrongPinSeen(): boolean {
    return (this.cryptoki.C_GetTokenInfo(this.slot).flags & pkcs11js.CKF_USER_PIN_COUNT_LOW) !== 0
  }

  find(objectClass: number, ckaId: string): Buffer[] {
    this.cryptoki.C_FindObjectsInit(this.session, [
      { type: pkcs11js.CKA_CLASS, value: objectClass },
      { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
    ])
    const found = this.cryptoki.C_FindObjects(this.session, 16)
    this.cryptoki.C_FindObjectsFinal(this.session)
    return found
  }

  /** CKA_IDs, lower-case hex, in order, without what a process that died left half made. Must be logged in to see those of private objects. */
  secretKeyIds(): string[] {
    this.cryptoki.C_FindObjectsInit(this.session, [{ type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY }])
    const found = this.cryptoki.C_FindObjects(this.session, 100)
    this.cryptoki.C_FindObjectsFinal(this.session)
    return found
      .map((handle) => this.cryptoki.C_GetAttributeValue(this.session, handle, [{ type: pkcs11js.CKA_ID }])[0]?.value.toString('hex') ?? '')
      .filter((ckaId) => ckaId !== '')
      .sort()
  }

  /** An AES key whose value the intruder knows, as well guarded from now on as any. */
  putSecretKey(label: string, ckaId: string): void {
    this.cryptoki.C_CreateObject(this.session, [
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
      { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_AES },
      { type: pkcs11js.CKA_VALUE, value: Buffer.alloc(32, 7) },
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_PRIVATE, value: true },
      { type: pkcs11js.CKA_LABEL, value: label },
      { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
      { type: pkcs11js.CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_EXTRACTABLE, value: false },
      { type: pkcs11js.CKA_ENCRYPT, value: true },
      { type: pkcs11js.CKA_DECRYPT, value: true },
    ])
  }

  /** Everything that is found in the token now. */
  count(): number {
    this.cryptoki.C_FindObjectsInit(this.session, [])
    const found = this.cryptoki.C_FindObjects(this.session, 1000)
    this.cryptoki.C_FindObjectsFinal(this.session)
    return found.length
  }

  destroy(objectClass: number, ckaId: string): void {
    for (const handle of this.find(objectClass, ckaId)) this.cryptoki.C_DestroyObject(this.session, handle)
  }

  /** Everything with this CKA_LABEL, or everything there is; of private objects only what a login shows. How many it was. */
  destroyAll(label?: string): number {
    this.cryptoki.C_FindObjectsInit(this.session, label === undefined ? [] : [{ type: pkcs11js.CKA_LABEL, value: label }])
    const found = this.cryptoki.C_FindObjects(this.session, 1000)
    this.cryptoki.C_FindObjectsFinal(this.session)
    for (const handle of found) this.cryptoki.C_DestroyObject(this.session, handle)
    return found.length
  }

  /** A P-256 pair of the intruder's making. */
  plantKeyPair(ckaId: string): pkcs11js.KeyPair {
    const name = [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId, 'hex') },
    ]
    return this.cryptoki.C_GenerateKeyPair(
      this.session,
      { mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN },
      [...name, { type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from('06082a8648ce3d030107', 'hex') }],
      [
        ...name,
        { type: pkcs11js.CKA_SIGN, value: true },
        { type: pkcs11js.CKA_SENSITIVE, value: true },
        { type: pkcs11js.CKA_EXTRACTABLE, value: false },
      ],
    )
  }

  plantSecretKey(label: string, extractable: boolean): void {
    this.cryptoki.C_GenerateKey(this.session, { mechanism: pkcs11js.CKM_AES_KEY_GEN }, [
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_LABEL, value: label },
      { type: pkcs11js.CKA_ID, value: Buffer.from('0badcafe', 'hex') },
      { type: pkcs11js.CKA_VALUE_LEN, value: 32 },
      { type: pkcs11js.CKA_SENSITIVE, value: !extractable },
      { type: pkcs11js.CKA_EXTRACTABLE, value: extractable },
      { type: pkcs11js.CKA_ENCRYPT, value: true },
      { type: pkcs11js.CKA_DECRYPT, value: true },
    ])
  }

  /** Opens a sealed seed as its owner could, by the documented context. Must be logged in. */
  unseal(key: KeyMaterial): Buffer {
    const blob = key.sealedSeed
    if (blob?.sealing !== 'aes-256-gcm') throw new Error('not sealed by AES-GCM')
    const aad = Buffer.from(
      canonicalJson({
        purpose: 'sealstone sealed seed v1',
        keyId: key.keyId,
        version: key.version,
        suite: key.suite,
        publicKey: createHash('sha256').update(key.spki).digest('hex'),
      }),
    )
    const [handle] = this.find(pkcs11js.CKO_SECRET_KEY, blob.wrappingKey)
    if (handle === undefined) throw new Error('no wrapping key')
    const parameter: pkcs11js.GcmParams = { type: pkcs11js.CK_PARAMS_AES_GCM_v240, iv: Buffer.from(blob.iv), ivBits: 96, aad, tagBits: 128 }
    this.cryptoki.C_DecryptInit(this.session, { mechanism: pkcs11js.CKM_AES_GCM, parameter }, handle)
    return this.cryptoki.C_Decrypt(this.session, Buffer.from(blob.ciphertext), Buffer.from(new ArrayBuffer(blob.ciphertext.length)))
  }
}
