/** The t of an expanded ML-DSA key, made again from its other parts (FIPS 204 algorithm 6, lines 3 to 6): noble has no call for it. */
import { genCrystals, XOF128 } from '@noble/post-quantum/_crystals.js'
import type { MlDsaSet } from '../primitives.ts'

type Polynomial = Int32Array

export interface Secrets {
  readonly s1: readonly Polynomial[]
  readonly s2: readonly Polynomial[]
  /** Where s2 ends and t0 begins. */
  readonly end: number
}

/** FIPS 204 §7.1, BitUnpack: a coefficient c is stored as η - c, low bits first. */
export function unpackSecrets(set: MlDsaSet, expanded: Uint8Array): Secrets {
  const { eta, bits, columns, rows } = SHAPES[set]
  const polynomials = Array.from({ length: columns + rows }, (_, at) =>
    Int32Array.from({ length: N }, (_coefficient, index) => {
      const bit = (at * N + index) * bits
      const byte = SECRETS_OFFSET + (bit >> 3)
      const pair = (expanded[byte] as number) | ((expanded[byte + 1] as number) << 8)
      return eta - ((pair >> (bit & 7)) & ((1 << bits) - 1))
    }),
  )
  const end = SECRETS_OFFSET + ((columns + rows) * N * bits) / 8
  return { s1: polynomials.slice(0, columns), s2: polynomials.slice(columns), end }
}

/** t = NTT⁻¹(Â ∘ NTT(s1)) + s2, each coefficient in [0, q). */
export function recomputeT(rho: Uint8Array, { s1, s2 }: Secrets): Polynomial[] {
  const { NTT } = genCrystals({ N, Q, F: 8347681, ROOT_OF_UNITY: 1753, newPoly: (length) => new Int32Array(length), isKyber: false, brvBits: 8 })
  const transformed = s1.map((polynomial) => NTT.encode(polynomial.slice()))
  const matrix = XOF128(rho)
  return s2.map((noise, row) => {
    const sum = new Int32Array(N)
    for (const [column, secret] of transformed.entries()) {
      const factor = sampleUniform(matrix.get(column, row))
      for (let index = 0; index < N; index++) sum[index] = modulo((sum[index] as number) + (factor[index] as number) * (secret[index] as number))
    }
    const product = NTT.decode(sum)
    return product.map((coefficient, index) => modulo(coefficient + (noise[index] as number)))
  })
}

/** FIPS 204 algorithm 35, Power2Round: the low 13 bits, centred, each stored as 2¹² - t0. */
export function packT0(t: readonly Polynomial[]): Uint8Array {
  const packed = new Uint8Array((t.length * N * 13) / 8)
  let bit = 0
  for (const coefficient of t.flatMap((polynomial) => Array.from(polynomial))) {
    const low = coefficient & 0x1fff
    const stored = (0x1000 - low) & 0x1fff // 2¹² - (low - 2¹³) is 2¹² - low modulo 2¹³
    for (let at = bit >> 3, shifted = stored << (bit & 7); shifted > 0; at++, shifted >>>= 8) packed[at] = (packed[at] as number) | (shifted & 0xff)
    bit += 13
  }
  return packed
}

/** FIPS 204 algorithm 30, RejNTTPoly: 23 bits at a time, those below q are kept. rho is public, so is this. */
function sampleUniform(nextBlock: () => Uint8Array): Polynomial {
  const polynomial = new Int32Array(N)
  for (let kept = 0; kept < N; ) {
    const block = nextBlock()
    for (let at = 0; kept < N && at + 3 <= block.length; at += 3) {
      const value = (block[at] as number) | ((block[at + 1] as number) << 8) | (((block[at + 2] as number) & 0x7f) << 16)
      if (value < Q) polynomial[kept++] = value
    }
  }
  return polynomial
}

function modulo(value: number): number {
  return ((value % Q) + Q) % Q
}

const N = 256
const Q = 8380417
const SECRETS_OFFSET = 128 // after rho, K and tr
// FIPS 204 table 1: η, bits of 2η, ℓ columns and k rows.
const SHAPES = {
  44: { eta: 2, bits: 3, columns: 4, rows: 4 },
  65: { eta: 4, bits: 4, columns: 5, rows: 6 },
  87: { eta: 2, bits: 3, columns: 7, rows: 8 },
} as const
