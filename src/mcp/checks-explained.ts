/** Each check of a verdict in words for people: what its failure means and what to do about it. */
import type { Check } from '#client/offline'

export const CHECKS_EXPLAINED: Readonly<Record<Check['name'], { readonly meaning: string; readonly nextStep: string }>> = {
  'bundle-format': {
    meaning: 'a signature file is damaged, cut off, or not a model signature at all',
    nextStep: 'fetch the signature again from where the model came from; if it stays so, ask its publisher',
  },
  'payload-match': {
    meaning: 'model.sig and model.hybrid.sig were made over different statements, so they do not belong together',
    nextStep: 'fetch both files again, of the same release; two releases may have been mixed',
  },
  'key-trusted': {
    meaning: 'the signature was made by a key that is not among those you trust',
    nextStep: 'find out whose key it is and ask its owner by another way; never add a key to the trust because a model came with it',
  },
  'certificate-chain': {
    meaning: 'the certificate of the signer does not lead to a root that you trust, or was not good at the time',
    nextStep: 'check that the root is the one of the signer, and its dates',
  },
  'companion-signature': {
    meaning: 'the classical signature in model.sig is wrong: the statement was changed after signing, or another key made it',
    nextStep: 'do not use the model; fetch it again from its source',
  },
  'hybrid-signature': {
    meaning: 'the quantum-safe signature in model.hybrid.sig is missing or wrong: the statement was changed, or another key made it',
    nextStep: 'do not use the model; fetch it again from its source',
  },
  'key-state': {
    meaning: 'the key was not allowed to sign at that time: not yet valid, suspended, retired, or reported as compromised',
    nextStep: 'get a fresh trust file and verify again; if it stays so, ask for the model to be signed with a good key',
  },
  'key-protection': {
    meaning: 'the key is not guarded as this verifier demands, for example by a hardware token',
    nextStep: 'ask the signer for a signature by a key in such a token; do not lower the demand for one model',
  },
  files: {
    meaning: 'the files are not the signed ones: some changed, are missing, or were added',
    nextStep: 'do not use the model; look at the differences, and fetch it again from its source',
  },
  'audit-receipt': {
    meaning: 'nothing proves that the signing is in the audit log: the receipt is missing, wrong, or lacks the witnesses that the trust demands',
    nextStep: 'have the signer renew it with: sealstone audit receipt --refresh model.hybrid.sig',
  },
  'receipt-leaf': {
    meaning: 'the entry of the audit log is about another signature than this one',
    nextStep: 'do not use the model; tell the operator of the log, for a receipt was moved from one signature to another',
  },
}
