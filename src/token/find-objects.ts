/** Every object that matches. The search is ended on every path, or the session stays busy (C_FindObjectsFinal). Linear in some tokens: token.ts keeps what it finds. */
import type pkcs11js from 'pkcs11js'
import type { Cryptoki, Handle } from './cryptoki-module.ts'

export function findObjects(cryptoki: Cryptoki, session: Handle, template: pkcs11js.Template): Handle[] {
  cryptoki.C_FindObjectsInit(session, template)
  try {
    const found: Handle[] = []
    for (;;) {
      const batch = cryptoki.C_FindObjects(session, FIND_BATCH)
      found.push(...batch)
      if (batch.length === 0) return found
    }
  } finally {
    cryptoki.C_FindObjectsFinal(session)
  }
}

const FIND_BATCH = 64
