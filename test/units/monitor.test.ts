/** deploy/sealstone-monitor.service on a real systemd: watches the log that a daemon beside it publishes, and tells a webhook what its rules say. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { bootMachine, type Machine } from './machine.ts'
import { asDaemon, commands, signModel } from './operator.ts'

const SECRET = Buffer.alloc(32, 7)

let machine: Machine

beforeAll(async () => {
  machine = await bootMachine()
  await machine.ok(commands('Under systemd', 0))
  await machine.ok(`
sed -i 's|^# listen = "127.0.0.1:7480"|listen = "127.0.0.1:7480"|' /var/lib/sealstone/config.toml
systemctl restart sealstone
install -d /etc/sealstone-monitor
${asDaemon('keys export --trust')} >/etc/sealstone-monitor/trust.json
cat >/etc/sealstone-monitor/rules.toml <<END
[[rule]]
name = "something was signed"
kind = "outcome"
operation = "sign"
END
(umask 077 && echo whsec_${SECRET.toString('base64')} >/etc/sealstone-monitor/webhook)
cat >/srv/receiver.js <<'END'
${RECEIVER}
END
systemd-run --quiet --unit receiver --property StandardOutput=file:/srv/posts /opt/sealstone/node_modules/.bin/node /srv/receiver.js
sed -e 's|https://log.example/models/|http://127.0.0.1:7480/ --interval 1s|' -e 's|https://alerts.example/sealstone|http://127.0.0.1:7481/|' \\
  /opt/sealstone/deploy/sealstone-monitor.service >/etc/systemd/system/sealstone-monitor.service
systemctl daemon-reload`)
})
afterAll(() => machine[Symbol.asyncDispose]())

it('looks at the log as a user that exists only meanwhile, with nothing that it may do', async () => {
  await machine.ok('systemctl start sealstone-monitor')
  await eventually(async () => expect(await machine.journal('sealstone-monitor')).toContain('this was the first look at the log'))
  const status = await machine.ok(`cat /proc/${await machine.show('sealstone-monitor', 'MainPID')}/status`)
  expect(status).toMatch(/^NoNewPrivs:\t1$/m)
  expect(status).toMatch(/^Seccomp:\t2$/m)
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) expect(status).toMatch(new RegExp(`^Cap${set}:\\t0+$`, 'm'))
  expect(Number(/^Uid:\t(\d+)/m.exec(status)?.[1])).toBeGreaterThanOrEqual(61_184) // systemd.exec(5), DynamicUser
})

it('tells the webhook what a rule says, signed with the secret of the credential', async () => {
  await signModel(machine)
  const post = await eventually(async () => {
    const [first] = (await machine.ok('cat /srv/posts')).split('\n').filter((line) => line.startsWith('{'))
    expect(first).toBeDefined()
    return JSON.parse(first ?? '') as { headers: Record<string, string>; body: string }
  })
  expect(post.body).toContain('something was signed')
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = post.headers
  expect(signature).toBe(`v1,${createHmac('sha256', SECRET).update(`${id}.${time}.${post.body}`).digest('base64')}`)
})

it('ends with success when it is stopped, and goes on from its state when it is started again', async () => {
  await machine.ok('systemctl stop sealstone-monitor')
  expect([await machine.show('sealstone-monitor', 'ActiveState'), await machine.show('sealstone-monitor', 'Result')]).toEqual(['inactive', 'success'])
  await machine.ok('systemctl start sealstone-monitor')
  await eventually(async () => expect((await machine.journal('sealstone-monitor')).split('OK  ').length).toBeGreaterThan(2))
  expect((await machine.journal('sealstone-monitor')).split('this was the first look').length).toBe(2)
})

/** Prints each request as one line of JSON. */
const RECEIVER = `
require('node:http')
  .createServer(async (request, response) => {
    const body = (await request.toArray()).join('')
    console.log(JSON.stringify({ headers: request.headers, body }))
    response.end()
  })
  .listen(7481, '127.0.0.1')`
