/** The offline verdict: named steps, read top to bottom. No network, no clock of its own, no key; a bad signature is an answer, not an error. */
import { SealstoneError } from '#core'
import { checkFiles } from './check-files.ts'
import { checkReceipt } from './check-receipt.ts'
import { checkHybridSignature, checkModelSignature } from './check-signatures.ts'
import { checkTimestamp } from './check-timestamp.ts'
import { chooseKeys } from './choose-keys.ts'
import { judgeKeyState } from './key-state.ts'
import { protectionFault } from './key-protection.ts'
import { type Documents, readDocuments } from './read-documents.ts'
import { type Verdict, VerdictBuilder } from './verdict.ts'
import type { VerifyModelRequest } from './verify-request.ts'

/** Throws only for misuse: SIGNATURE_MISSING without any signature, CERTIFICATE_INVALID for a malformed root. */
export async function verifyModel(request: VerifyModelRequest): Promise<Verdict> {
  const verdict = new VerdictBuilder()

  // 1. Are the documents well-formed, and are both signatures over the same bytes?
  if (request.bundle === undefined && request.hybrid === undefined) throw new SealstoneError('SIGNATURE_MISSING')
  const documents = readDocuments(request, verdict)
  if (documents === undefined) return verdict.finish()

  // 2. Which trusted keys are to have made them? What a bundle says of its key is only a hint.
  const keys = await chooseKeys(request, documents, verdict)
  if (keys === undefined) return verdict.finish()

  // 3. Did they? All are evaluated, so that the verdict has every reason.
  checkModelSignature(request, documents, keys, verdict)
  checkHybridSignature(request, documents, keys, verdict)

  // 4. Is this very signature in the audit log, and since when?
  const signedAt = checkReceipt(request, documents, keys, verdict)

  const stamped = await checkTimestamp(documents, keys, verdict)

  // 5. Could the key sign at that time?
  if (keys.trusted === undefined) verdict.skip('key-state', 'no trust file says in which state the key is')
  else {
    const { usable, reason, warning } = judgeKeyState(keys.trusted, keys.policy, signedAt, stamped)
    if (usable) verdict.pass('key-state', reason)
    else verdict.fail('key-state', reason)
    if (warning !== undefined) verdict.warnings.push(warning)
  }

  // 6. Is it guarded as the verifier demands?
  checkProtection(request, documents, signedAt, verdict)

  // 7. Are the files the signed ones?
  checkFiles(request, documents, verdict)
  return verdict.finish()
}

/** Only what the log holds is believed: without a verified receipt there is no statement. */
function checkProtection(
  { requireProtection }: VerifyModelRequest,
  { hybrid }: Documents,
  signedAt: string | undefined,
  verdict: VerdictBuilder,
): void {
  const name = 'key-protection'
  if (requireProtection === undefined) return verdict.skip(name, 'no protection was required')
  if (hybrid === undefined || signedAt === undefined) return verdict.fail(name, 'no verified receipt says how the key is protected')
  const fault = protectionFault(hybrid.protection, requireProtection)
  if (fault === undefined)
    verdict.pass(name, `the receipt says that the key is guarded by ${hybrid.protection.tokenModel}, as ${requireProtection} demands`)
  else verdict.fail(name, fault)
}
