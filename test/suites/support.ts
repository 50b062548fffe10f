/** What the vector tests share: the two engines, the files, and the count of what ran where. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect } from 'vitest'
import { fromBase64 } from '#core'
import type { Engine, Primitive } from '#suites'
import { nativeEngine } from '#suites/native'
import { portableEngine } from '#suites/portable'

export const ENGINES = [nativeEngine(), portableEngine()] as const

export function vectorText(path: string): string {
  return readFileSync(vectorPath(path), 'utf8')
}

/** A JSON file, unpacked if it ends in `.gz`. */
export function vectorJson<Shape>(path: string): Shape {
  return JSON.parse(path.endsWith('.gz') ? gunzipSync(readFileSync(vectorPath(path))).toString() : vectorText(path)) as Shape
}

/** Counts cases, prints one line when the file is done, and holds the file to its number of cases. */
export function tally(name: string, want: number) {
  const counts = { cases: 0, native: 0, portable: 0 }
  const left = new Map<string, number>()
  afterAll(() => {
    const notes = Array.from(left, ([reason, count]) => `, ${reason} ${count}`).join('')
    console.log(`${name}: ${counts.cases} cases, native ${counts.native}, portable ${counts.portable}${notes}`)
    expect(counts.cases).toBe(want)
  })
  const leave = (reason: string) => left.set(reason, (left.get(reason) ?? 0) + 1)
  return {
    /** Runs one case on both engines; one that lacks the primitive must say so, and is counted. */
    onBoth(primitives: readonly Primitive[], work: (engine: Engine) => void): void {
      counts.cases++
      for (const engine of ENGINES) {
        const lacking = primitives.find((primitive) => !engine.supports(primitive))
        if (lacking === undefined) {
          work(engine)
          counts[engine.name]++
        } else {
          expect([engine.name, lacking]).toEqual(['portable', expect.stringMatching(/^rsa/)])
          leave('portable has no RSA')
        }
      }
    },
    /** Runs one case of an interface that is no part of the `Engine` port, on the library under one engine. */
    outsidePort(engine: Engine['name'], reason: string, work: () => void): void {
      counts.cases++
      work()
      counts[engine]++
      leave(reason)
    },
  }
}

function vectorPath(path: string): string {
  return join(import.meta.dirname, '../vectors', path)
}

/** The bytes of the first PEM block; text around it is left aside. */
export function pemBlock(text: string): Uint8Array {
  const body = /-----BEGIN [A-Z ]+-----([A-Za-z0-9+/=\s]+)-----END/.exec(text)?.[1]
  if (body === undefined) throw new Error('no PEM block')
  return fromBase64(body.replace(/\s/g, ''))
}
