/** The policy file: what it says of which server, and that each fault is told with its place. */
import { describe, expect, it } from 'vitest'
import { addressText, parsePolicy } from '#gateway'
import { UPSTREAM_LIMITS } from '#upstream'

const GOOD = `
version = 1
mode = "warn"
trust = "trust.json"
limits = { request_ms = 5000 }

[[rules]]
match = "npx -y @modelcontextprotocol/server-filesystem *"
mode = "enforce"
manifest = "files.mcp.hybrid.sig"
require_protection = "token"
limits = { pages = 3 }

[[rules]]
match = "https://*.example/*"
mode = "off"

[servers.files]
command = ["npx", "-y", "@modelcontextprotocol/server-filesystem", "/srv/my data"]
env = ["LOG_LEVEL"]

[servers.notes]
url = "https://notes.example/mcp"
headers = { Authorization = "NOTES_TOKEN" }
`

describe('a policy file', () => {
  it('says of each server how it is held, by the first rule that fits', () => {
    const policy = parsePolicy(GOOD, '/etc/sealstone/mcp.toml')
    const [files, notes] = policy.servers
    expect(policy.ruleFor(files?.address ?? { url: '' })).toEqual({
      mode: 'enforce',
      manifest: '/etc/sealstone/files.mcp.hybrid.sig',
      trust: '/etc/sealstone/trust.json',
      requireProtection: 'token',
      limits: { ...UPSTREAM_LIMITS, requestMs: 5000, pages: 3 },
    })
    expect(policy.ruleFor(notes?.address ?? { url: '' })).toMatchObject({ mode: 'off' })
    expect(policy.ruleFor({ command: 'other', args: [] })).toMatchObject({ mode: 'warn', trust: '/etc/sealstone/trust.json' })
    expect(notes).toEqual({ name: 'notes', address: { url: 'https://notes.example/mcp' }, env: [], headers: { Authorization: 'NOTES_TOKEN' } })
  })

  it('names the rules that fit none of its servers', () => {
    expect(parsePolicy(GOOD, 'p.toml').warnings).toEqual([])
    const mistyped = GOOD.replace('https://*.example/*', 'https://*.exampel/*')
    expect(parsePolicy(mistyped, 'p.toml').warnings).toEqual([
      'rules[1].match in p.toml is "https://*.exampel/*", which fits none of the servers in the file',
    ])
  })

  it.each([
    ['*', 'https://a.example/*'],
    ['https://a.example/mcp', 'https://a.example/mcp'],
    ['npx *', 'npx -y *-files'],
    ['*a*', '*b*a*'],
  ])('refuses a rule that %s before it hides: %s', (first, second) => {
    const text = `version = 1\n[[rules]]\nmatch = "${first}"\n[[rules]]\nmatch = "${second}"\nmode = "off"`
    const message = expect.stringContaining(`rules[1].match in p.toml is "${second}" and never used: rules[0], "${first}"`)
    expect(() => parsePolicy(text, 'p.toml')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message }))
  })

  it.each([
    ['npx -y *-files', 'npx *'],
    ['https://*.example/*', 'https://*'],
    ['a*b', 'a*'],
    ['ab*ba', 'ab*a'],
  ])('takes a wider rule after a narrow one: %s, %s', (first, second) => {
    const text = `version = 1\n[[rules]]\nmatch = "${first}"\n[[rules]]\nmatch = "${second}"`
    expect(parsePolicy(text, 'p.toml').warnings).toHaveLength(2)
  })

  it('enforces where it says nothing', () => {
    expect(parsePolicy('version = 1', 'p.toml').ruleFor({ url: 'https://a.example' })).toEqual({ mode: 'enforce', limits: UPSTREAM_LIMITS })
  })

  it('takes a word with a space for no two words', () => {
    expect(addressText({ command: 'a', args: ['b c', 'd'] })).toBe('a "b c" d')
    expect(addressText({ command: 'a', args: ['b', 'c'] })).not.toBe(addressText({ command: 'a', args: ['b c'] }))
  })

  it.each<[place: string, text: string]>([
    ['p.toml line 3', 'version = 1\n\nmode = enforce'],
    ['version in p.toml is missing', ''],
    ['version in p.toml is 2', 'version = 2'],
    ['"moode" in p.toml is not known', 'version = 1\nmoode = "off"'],
    ['mode in p.toml is "of"', 'version = 1\nmode = "of"'],
    ['rules in p.toml is a table', 'version = 1\n[rules]\nmatch = "x"'],
    ['rules[1].match in p.toml is missing', 'version = 1\n[[rules]]\nmatch = "x"\n[[rules]]\nmode = "off"'],
    ['rules[0].mode in p.toml is true', 'version = 1\n[[rules]]\nmatch = "x"\nmode = true'],
    ['rules[0]."match_all" in p.toml is not known', 'version = 1\n[[rules]]\nmatch = "x"\nmatch_all = true'],
    ['rules[0].limits.pages in p.toml is 0', 'version = 1\n[[rules]]\nmatch = "x"\nlimits = { pages = 0 }'],
    ['limits.request_ms in p.toml is 1.5', 'version = 1\nlimits = { request_ms = 1.5 }'],
    ['limits."sizes" in p.toml is not known', 'version = 1\nlimits = { sizes = 1 }'],
    ['manifest', 'version = 1\nmanifest = "x"'],
    ['servers."a__b" in p.toml has a name', 'version = 1\n[servers.a__b]\nurl = "https://a.example"'],
    ['servers."a" in p.toml wants either', 'version = 1\n[servers.a]'],
    ['servers."a" in p.toml wants either', 'version = 1\n[servers.a]\nurl = "https://a.example"\ncommand = ["a"]'],
    ['servers."a".command in p.toml is "a b"', 'version = 1\n[servers.a]\ncommand = "a b"'],
    ['servers."a".command in p.toml is empty', 'version = 1\n[servers.a]\ncommand = []'],
    ['servers."a".command[1] in p.toml is 1', 'version = 1\n[servers.a]\ncommand = ["a", 1]'],
    ['servers."a".headers in p.toml is for a url', 'version = 1\n[servers.a]\ncommand = ["a"]\nheaders = { A = "B" }'],
    ['servers."a".env in p.toml is for a command', 'version = 1\n[servers.a]\nurl = "https://a.example"\nenv = ["A"]'],
  ])('is refused with its place: %s', (place, text) => {
    expect(() => parsePolicy(text, 'p.toml')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(place) }))
  })
})
