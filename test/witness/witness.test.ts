/** The witness over real HTTP: what it cosigns, every refusal of c2sp.org/tlog-witness, and that it never cosigns two histories. */
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '#db'
import { countCosignatures, formatNote, parseNote, parseSignatureLines, type Witness } from '#tlog'
import { WITNESS_MIGRATIONS, WitnessStore } from '../../src/witness/witness-store.ts'
import { codeOf } from '../audit/support.ts'
import { nobleVerifier, softwareLog } from '../support/software-log.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { makeWitness, NAME, post, type Reply, startWitness, TreeLog } from './support.ts'

const log = new TreeLog()
const fork = new TreeLog(log.keys, 'forged')

async function running(setup?: Parameters<typeof makeWitness>[2]) {
  const directory = temporaryFolder()
  const witness = makeWitness(directory, [log.keys], setup)
  const server = await startWitness(directory)
  return { directory, witness, url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

function counts(witness: Witness, note: string, { body }: Reply): boolean {
  const { text, signatures } = parseNote(note)
  return countCosignatures(formatNote({ text, signatures: [...signatures, ...parseSignatureLines(body)] }), [witness], nobleVerifier).length === 1
}

describe('a witness', () => {
  it('cosigns the first checkpoint that it sees, and each that goes on from there, with both keys', async () => {
    await using witness = await running()
    for (const [from, to] of [
      [0, 3],
      [3, 3],
      [3, 17],
      [17, 40],
    ] as const) {
      const reply = await post(witness.url, log.request(from, to))
      expect(reply).toMatchObject({ status: 200 })
      expect(counts(witness.witness, log.checkpoint(to), reply)).toBe(true)
      expect(parseSignatureLines(reply.body)).toHaveLength(2)
    }
  })

  it('answers another old size with 409 and its own, and goes on from that', async () => {
    await using witness = await running()
    const told = { status: 409, type: 'text/x.tlog.size' }
    expect(await post(witness.url, log.request(5, 9))).toEqual({ ...told, body: '0\n' })
    await post(witness.url, log.request(0, 9))
    expect(await post(witness.url, log.request(0, 12))).toEqual({ ...told, body: '9\n' })
    expect(await post(witness.url, log.request(5, 12))).toEqual({ ...told, body: '9\n' })
    expect((await post(witness.url, log.request(9, 12))).status).toBe(200)
  })

  it('cosigns no fork, of the same size or longer, and keeps the proof of one', async () => {
    await using witness = await running()
    await post(witness.url, log.request(0, 9))
    expect(await post(witness.url, fork.request(9, 9))).toMatchObject({ status: 409, body: '9\n' })
    expect((await post(witness.url, fork.request(9, 12))).status).toBe(422)
    expect((await post(witness.url, { ...fork.request(9, 12), proof: log.request(9, 12).proof })).status).toBe(422)
    expect((await post(witness.url, log.request(9, 12))).status).toBe(200)
    const db = openDatabase(join(witness.directory, 'witness.db'), WITNESS_MIGRATIONS)
    const evidence = new WitnessStore(db).evidence(log.keys.origin)
    db.close()
    expect(evidence.map(({ cosigned, refused }) => [parseNote(cosigned).text, parseNote(refused).text])).toEqual([
      [parseNote(log.checkpoint(9)).text, parseNote(fork.checkpoint(9)).text],
    ])
  })

  it('cosigns no tree that is smaller than the last one', async () => {
    await using witness = await running()
    await post(witness.url, log.request(0, 9))
    expect((await post(witness.url, log.request(9, 5))).status).toBe(400)
    expect((await post(witness.url, log.request(5, 5))).status).toBe(409)
    expect((await post(witness.url, log.request(0, 5))).status).toBe(409)
  })

  it.each([
    ['a log that it does not know', 404, new TreeLog(softwareLog('log.example/other')).request(0, 3)],
    ['keys of a stranger', 403, new TreeLog(softwareLog(log.keys.origin)).request(0, 3)],
    ['a proof from nothing', 422, { ...log.request(0, 3), proof: [new Uint8Array(32)] }],
    ['no request at all', 400, 'hello'],
    ['no note in the request', 400, 'old 0\n\nhello\n'],
    ['bytes that are no text', 400, Uint8Array.of(0xff, 0xfe)],
    ['more than it reads', 413, 'x'.repeat(300_000)],
  ])('refuses %s with %i', async (_what, status, request) => {
    await using witness = await running()
    expect((await post(witness.url, request)).status).toBe(status)
    expect((await post(witness.url, log.request(0, 3))).status).toBe(200) // and remembers nothing of it
  })

  it.each([0, 1])('demands both signatures of a log with two keys: not without the one of key %i', async (at) => {
    await using witness = await running()
    const { text, signatures } = parseNote(log.checkpoint(3))
    const half = formatNote({ text, signatures: signatures.filter((_, index) => index !== at) })
    expect((await post(witness.url, { ...log.request(0, 3), checkpoint: half })).status).toBe(403)
  })

  it('takes the one signature of a log that has one key', async () => {
    await using witness = await running((keys) => keys.keys.slice(0, 1))
    const { text, signatures } = parseNote(log.checkpoint(3))
    expect((await post(witness.url, { ...log.request(0, 3), checkpoint: formatNote({ text, signatures: signatures.slice(0, 1) }) })).status).toBe(200)
  })

  it('gives each size to one tree only, however many ask at once', async () => {
    await using witness = await running()
    await post(witness.url, log.request(0, 2))
    const asked = Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? log : fork)).map(async (asker, at) => {
      const size = 3 + (at % 5)
      return { asker, size, reply: await post(witness.url, { ...log.request(2, size), checkpoint: asker.checkpoint(size) }) }
    })
    const good = (await Promise.all(asked)).filter(({ reply }) => reply.status === 200)
    expect(good).toHaveLength(1)
    expect(good[0]?.asker).toBe(log)
  })

  it('remembers after a restart', async () => {
    const directory = temporaryFolder()
    makeWitness(directory, [log.keys])
    {
      await using witness = await startWitness(directory)
      expect((await post(witness.url, log.request(0, 9))).status).toBe(200)
    }
    await using again = await startWitness(directory)
    expect(await post(again.url, fork.request(0, 9))).toMatchObject({ status: 409, body: '9\n' })
    expect((await post(again.url, log.request(9, 10))).status).toBe(200)
  })

  it('gives the same lines for the same checkpoint: who repeats a public one costs it no signatures', async () => {
    await using witness = await running()
    const first = await post(witness.url, log.request(0, 9))
    const again = await post(witness.url, log.request(9, 9))
    expect(again).toEqual(first) // ML-DSA-44 signs hedged: lines that were made again would be others
    const later = await post(witness.url, log.request(9, 12))
    expect(later.body).not.toBe(first.body)
    expect(await post(witness.url, log.request(12, 12))).toEqual(later)
    expect((await post(witness.url, fork.request(12, 12))).status).toBe(409)
  })

  it('says who it is, and nothing else to other requests', async () => {
    await using witness = await running()
    expect((await (await fetch(witness.url)).text()).split('\n').slice(0, 1)).toEqual([NAME])
    expect((await fetch(`${witness.url}/add-checkpoint`)).status).toBe(405)
    expect((await fetch(`${witness.url}/checkpoint`)).status).toBe(404)
  })

  it('lets a client that sends half a request neither stop it nor keep it from others', async () => {
    await using witness = await running()
    const { hostname, port } = new URL(witness.url)
    const slow = connect(Number(port), hostname)
    slow.write('POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nold 0\n')
    expect((await post(witness.url, log.request(0, 3))).status).toBe(200)
    slow.destroy()
    expect((await post(witness.url, log.request(3, 4))).status).toBe(200)
  })
})

describe('the directory of a witness', () => {
  it('is for its owner alone, and its keys are made once', () => {
    const directory = join(temporaryFolder(), 'witness')
    makeWitness(directory, [])
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(directory)) expect(statSync(join(directory, file)).mode & 0o777, file).toBe(0o600)
    expect(readdirSync(directory).sort()).toEqual(['ed25519.pem', 'ml-dsa-44.pem', 'witness.toml'])
    expect(() => makeWitness(directory, [])).toThrow(/is there already/)
  })

  it('is used by one process at a time', async () => {
    await using witness = await running()
    expect(await codeOf(startWitness(witness.directory))).toBe('DAEMON_RUNNING')
  })

  it('is refused with a key that others can read, or with the wrong key', async () => {
    const directory = temporaryFolder()
    makeWitness(directory, [log.keys])
    const key = join(directory, 'ed25519.pem')
    chmodSync(key, 0o644)
    expect(await codeOf(startWitness(directory))).toBe('HOME_INSECURE')
    chmodSync(key, 0o600)
    writeFileSync(key, readFileSync(join(directory, 'ml-dsa-44.pem')))
    expect(await codeOf(startWitness(directory))).toBe('KEY_INVALID')
  })

  it.each([
    ['an unknown setting', 'colour = "red"\n'],
    ['a log without keys', '[[log]]\norigin = "log.example/x"\n'],
    ['a log named otherwise than its keys', `[[log]]\norigin = "log.example/x"\nkeys = ["log.example/y+00000000+AA=="]\n`],
    ['no TOML', '[[log'],
  ])('is refused with a witness.toml that has %s', async (_what, text) => {
    const directory = temporaryFolder()
    makeWitness(directory, [])
    const path = join(directory, 'witness.toml')
    writeFileSync(path, readFileSync(path, 'utf8') + text)
    expect(await codeOf(startWitness(directory))).toBe('CONFIG_INVALID')
  })
})
