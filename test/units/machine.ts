/** A systemd of its own, in namespaces over this machine's root: what it writes is in memory, and nothing of it is left. */
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { PROJECT, temporaryFolder } from '../support/sealstone.ts'

export interface Said {
  readonly code: number
  /** Both streams, in the order of their coming as far as that can be told. */
  readonly text: string
}

export interface Machine extends AsyncDisposable {
  /** Runs a script of sh as root in there. */
  run(script: string): Promise<Said>
  /** The same; anything but exit code 0 is an error that shows the script and what it printed. */
  ok(script: string): Promise<string>
  /** What the journal has of a unit, as `journalctl -o cat` prints it. */
  journal(unit: string): Promise<string>
  /** One property of a unit: `systemctl show`. */
  show(unit: string, property: string): Promise<string>
}

/** Throws with what the boot printed where namespaces, cgroup2 or overlayfs are not to be had. */
export async function bootMachine(): Promise<Machine> {
  if (process.getuid?.() !== 0) throw new Error('make test-units boots a systemd in namespaces and needs to be root')
  const folder = temporaryFolder()
  const pidFile = join(folder.path, 'pid')
  // It ends with this process, however that ends.
  const boot = spawn('setpriv', ['--pdeathsig', 'TERM', 'sh', join(import.meta.dirname, 'boot'), PROJECT, folder.path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [boot.stdout, boot.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
  let ended = false
  const over = new Promise<void>((resolve) => {
    boot.on('error', (error) => (printed += error.message))
    boot.on('close', () => {
      ended = true
      resolve()
    })
  })
  const stop = async (): Promise<void> => {
    if (!ended) boot.kill('SIGTERM')
    await over
    folder[Symbol.dispose]()
  }

  const run = (script: string): Promise<Said> =>
    new Promise((resolve, reject) => {
      const inside = ['--target', readFileSync(pidFile, 'utf8').trim(), '--all', 'sh', '-ec', script]
      execFile('nsenter', inside, { env: { PATH: SYSTEM_PATH }, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, text: `${stdout}${stderr}` })
        else if (typeof error.code === 'number') resolve({ code: error.code, text: `${stdout}${stderr}` })
        else reject(error)
      })
    })
  const ok = async (script: string): Promise<string> => {
    const { code, text } = await run(script)
    if (code !== 0) throw new Error(`exit code ${code} of\n${script}\n${text}`)
    return text
  }
  try {
    // The process exists before it is systemd, and systemd before it has started anything.
    await Promise.race([
      eventually(() => ok('systemctl is-active started.target')),
      over.then(() => Promise.reject(new Error('the namespaces could not be set up'))),
    ])
  } catch (error) {
    await stop()
    throw new Error(`no systemd could be booted in namespaces here: ${printed}`, { cause: error })
  }
  return {
    run,
    ok,
    journal: (unit) => ok(`journalctl --no-pager -o cat -u ${unit}`),
    show: async (unit, property) => (await ok(`systemctl show ${unit} --property ${property} --value`)).trim(),
    [Symbol.asyncDispose]: stop,
  }
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
