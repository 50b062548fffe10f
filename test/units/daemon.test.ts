/** deploy/sealstone.service as an operator sets it up: the commands of docs/operations.md, run on a real systemd, one after the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { bootMachine, type Machine } from './machine.ts'
import { asDaemon, commands, signModel } from './operator.ts'

let machine: Machine

beforeAll(async () => {
  machine = await bootMachine()
})
afterAll(() => machine[Symbol.asyncDispose]())

describe('the unit of the daemon', () => {
  it('does not start before there is a state directory, and is not tried again', async () => {
    await machine.ok('install -m 0644 /opt/sealstone/deploy/sealstone.service /etc/systemd/system/ && systemctl daemon-reload')
    expect((await machine.run('systemctl start sealstone')).text).toContain('Assertion failed')
    expect(await state()).toBe('inactive')
  })

  it('runs after the commands of the document, and signs as soon as systemctl has returned', async () => {
    await machine.ok(commands('Under systemd', 0))
    expect(await state()).toBe('active')
    expect(await machine.show('sealstone', 'StatusText')).toBe('signing')
    await sign()
    expect(await machine.ok(asDaemon('verify /srv/model'))).toContain('OK  /srv/model')
    expect(await machine.ok(commands('Under systemd', 1))).toContain('default')
  })

  it('is reached by no other user of the machine', async () => {
    const other = await machine.run('runuser -u nobody -- env SEALSTONE_HOME=/var/lib/sealstone /opt/sealstone/src/cli/sealstone keys list')
    expect([other.code, other.text]).toEqual([3, expect.stringContaining('error:')])
  })

  it('keeps the daemon and its key host in the sandbox', async () => {
    const daemon = await daemonPid()
    const user = (await machine.ok('id -u sealstone')).trim()
    for (const pid of [daemon, await keyHostPid()]) {
      const status = await machine.ok(`cat /proc/${pid}/status`)
      expect(status).toMatch(new RegExp(`^Uid:\\t${user}\\t${user}\\t${user}\\t${user}$`, 'm'))
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
      expect(status).toMatch(/^Seccomp:\t2$/m)
      for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) expect(status).toMatch(new RegExp(`^Cap${set}:\\t0+$`, 'm'))
      expect(await machine.ok(`cat /proc/${pid}/cgroup`)).toMatch(/^0::\/system\.slice\/sealstone\.service$/m)
      // PrivateUsers: root and the user of the daemon are all the users that there are.
      expect((await machine.ok(`cat /proc/${pid}/uid_map`)).trim().split('\n')).toHaveLength(2)
      const seenFrom = (script: string) => machine.run(`nsenter --target ${pid} --mount sh -c ${quoted(script)}`)
      for (const path of ['/etc/x', '/opt/x', '/usr/x', '/var/x', '/srv/x'])
        expect((await seenFrom(`echo >${path}`)).text).toContain('Read-only file system')
      expect((await seenFrom('ls -A /home /root; ls -A /tmp')).text).toBe('/home:\n\n/root:\n')
      expect((await seenFrom('ls /proc/cpuinfo /dev/tty0 /dev/kmsg 2>&1; ls /dev')).text).not.toMatch(/^(?:kmsg|vda|sda|mem|\/)/m)
    }
  })

  it('lets no process dump core, also where dumps go to a program', async () => {
    for (const pid of [await daemonPid(), await keyHostPid()])
      expect(await machine.ok(`cat /proc/${pid}/limits`)).toMatch(/^Max core file size\s+1\s+1\s/m)
  })

  it('has log lines in the journal that say what happened', async () => {
    const lines = (await machine.journal('sealstone')).split('\n').filter((line) => line.startsWith('{'))
    const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
    for (const message of ['login attempt', 'key host ready', 'ready', 'call']) expect(messages).toContain(message)
  })

  it('gets another key host when that one is killed', async () => {
    const before = await keyHostPid()
    const daemon = await daemonPid()
    await machine.ok(`kill -KILL ${before}`)
    await sign()
    expect(await daemonPid()).toBe(daemon)
    expect(await keyHostPid()).not.toBe(before)
  })

  it('is started again when the daemon is killed, and the log tells of it', async () => {
    const [daemon, keyHost] = [await daemonPid(), await keyHostPid()]
    await machine.ok(`kill -KILL ${daemon}`)
    await eventually(async () => expect(await machine.show('sealstone', 'NRestarts')).toBe('1'))
    await eventually(async () => expect(await state()).toBe('active'))
    expect(await daemonPid()).not.toBe(daemon)
    expect((await machine.run(`test -e /proc/${keyHost}`)).code).toBe(1)
    await sign()
    expect(await machine.ok(asDaemon('audit list'))).toContain('crash-found')
  })

  it('has no reload, and restarts and stops in order', async () => {
    expect((await machine.run('systemctl reload sealstone')).text).toContain('not applicable')
    await machine.ok('systemctl restart sealstone')
    await sign()
    await machine.ok('systemctl stop sealstone')
    expect([await state(), await machine.show('sealstone', 'Result')]).toEqual(['inactive', 'success'])
    expect(await machine.journal('sealstone')).toContain('"msg":"stopped"')
    expect((await machine.run('pgrep -u sealstone')).code).toBe(1)
  })

  it('is not started again with a setting that is wrong', async () => {
    const config = '/var/lib/sealstone/config.toml'
    await machine.ok(`cp -a ${config} /root/config.toml && echo 'wrong = 1' >>${config}`)
    expect((await machine.run('systemctl start sealstone')).code).toBe(1)
    expect(await state()).toBe('failed')
    expect(await machine.journal('sealstone')).toContain('hint: correct the named setting in config.toml')
    await machine.ok(`cp -a /root/config.toml ${config}`)
  })
})

describe('the PIN as a credential', () => {
  let pin: string
  const attempts = async () => (await machine.journal('sealstone')).split('"msg":"login attempt"').length - 1

  beforeAll(async () => {
    pin = (await machine.ok('cat /var/lib/sealstone/secrets/user.pin')).trim()
  })

  it('opens the token after the commands of the document, with no PIN file in the state directory', async () => {
    await machine.ok(commands('The PIN as a credential', 0))
    await machine.ok('mv /var/lib/sealstone/secrets/*.pin /root/ && systemctl restart sealstone')
    await sign()
  })

  it('is nowhere else: in no environment, command line, file or log', async () => {
    // The needle comes by a file: a command line that held it would find itself.
    await machine.ok('tr -d "\\n" </root/user.pin >/root/needle')
    const found = 'grep --no-messages --files-with-matches --text --fixed-strings --file=/root/needle'
    expect((await machine.run(`${found} /proc/[0-9]*/environ /proc/[0-9]*/cmdline`)).text).toBe('')
    expect((await machine.run(`${found} --recursive /etc /var /tmp /run`)).text.trim()).toBe('/run/credentials/sealstone.service/pin')
    expect(await machine.ok('journalctl --no-pager')).not.toContain(pin)
  })

  it('that is wrong is sent once, however often systemd starts the daemon', async () => {
    const before = await attempts()
    await machine.ok(
      'systemctl stop sealstone && echo not-the-pin >/root/wrong && systemd-creds encrypt --name=pin /root/wrong /etc/sealstone/pin.cred',
    )
    expect((await machine.run('systemctl start sealstone')).code).toBe(1)
    await eventually(async () => expect(Number(await machine.show('sealstone', 'NRestarts'))).toBeGreaterThanOrEqual(2))
    await machine.ok('systemctl stop sealstone')
    expect((await attempts()) - before).toBe(1)
    expect(await machine.journal('sealstone')).toContain('the token refused this PIN before; it is not sent again')
    expect((await machine.ok('stat -c "%U %a" /var/lib/sealstone/pin.refused')).trim()).toBe('sealstone 600')
  })

  it('opens the token again when the right one is there', async () => {
    await machine.ok('systemd-creds encrypt --name=pin /root/user.pin /etc/sealstone/pin.cred && systemctl start sealstone')
    await sign()
  })
})

const sign = () => signModel(machine)
const state = () => machine.show('sealstone', 'ActiveState')
const daemonPid = () => machine.show('sealstone', 'MainPID')

async function keyHostPid(): Promise<string> {
  return (await machine.ok(`pgrep --parent ${await daemonPid()} --full keyhost/child`)).trim()
}

function quoted(script: string): string {
  return `'${script.replaceAll("'", `'\\''`)}'`
}
