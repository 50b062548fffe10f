/** Which files a child that logs in may open for it: the PIN's is read; those where refused PINs are remembered are read and written. */
import type { TokenLocation } from './token-uri.ts'

export function pinFiles({ pinFile, refusedElsewhere }: TokenLocation): { readonly read: string[]; readonly write: string[] } {
  const markers = [`${pinFile}.refused`, ...(refusedElsewhere === undefined ? [] : [refusedElsewhere])]
  return { read: [pinFile, ...markers], write: markers }
}
