/** How BLAKE3 is computed on this machine. A slow way gives the same digests, so it is a warning. */
import { blake3Engine } from '#hashing'
import type { DoctorCheck } from './doctor.ts'

export async function checkBlake3(): Promise<DoctorCheck> {
  const name = 'blake3'
  switch (await blake3Engine()) {
    case 'tree':
      return { name, status: 'ok', detail: 'native, every core inside one file' }
    case 'native':
      return { name, status: 'warn', detail: 'native, one core for each file', hint: 'compile the addon: make setup' }
    case 'portable':
      return { name, status: 'warn', detail: 'portable, some hundred times slower', hint: 'compile the addon: make setup' }
  }
}
