/** The commented configuration that `init` writes. Every setting is in it; those with a default are commented out. */
import type { SerialForm } from './config.ts'

export interface TemplateValues {
  readonly tokenUri: string
  readonly env: Readonly<Record<string, string>>
  readonly origin: string
  /** Default `plain`. */
  readonly serial?: SerialForm
  readonly recipients?: readonly string[]
  /** Processes of the key host; default 0, which leaves it to the daemon. */
  readonly children?: number
}

export function configTemplate({ tokenUri, env, origin, serial = 'plain', recipients = [], children = 0 }: TemplateValues): string {
  const variables = Object.entries(env).map(([name, value]) => `${name} = ${quote(value)}`)
  return `# Sealstone configuration (TOML). An unknown setting is refused. Relative paths are relative to this directory.
# After a change: restart the daemon (SIGTERM, then \`sealstone serve\`).

[token]
# The token that holds the keys (RFC 7512). The PIN stays in its own file, readable by you alone; never write it here.
uri = ${quote(tokenUri)}
# How receipts of new keys name the token: its serial as it is ("plain"), or a hash that tells it to those who know it ("hashed").
${serial === 'plain' ? '# ' : ''}serial = ${quote(serial)}

# The environment of the token's PKCS#11 module. It gets nothing else; many modules want the path of their own configuration.
[token.env]
${variables.length === 0 ? '# SOFTHSM2_CONF = "/etc/softhsm2.conf"' : variables.join('\n')}

[listen]
# Local callers: a Unix socket that only this user can open.
# socket = "sealstone.sock"

# Callers over the network: TLS 1.3, client certificates required. Uncomment all four.
# [listen.tls]
# address = "0.0.0.0:7443"
# certificate = "tls/server.crt"    # PEM, leaf first
# private_key = "tls/server.key"    # PEM, mode 0600
# client_ca = "tls/clients-ca.crt"  # PEM, who may issue client certificates

# HashService: registries stream the bytes of models, or have files hashed that are here. It runs in a process of its own. Off by default;
# docs/hashing.md says how it is used. Uncomment [hash] and at least one of the two addresses.
# [hash]
# socket = "hash.sock"            # for this user alone
# tls_address = "0.0.0.0:7444"    # with the certificates of [listen.tls]
# Directories whose files may be hashed (HashPath): absolute paths without links, such as "/srv/models".
# roots = []
# Streams of one caller at the same time.
# streams_per_caller = 64
# How long a stream that broke can be taken up again.
# resume_minutes = 60
# A stream on which nothing comes for so long is ended.
# idle_seconds = 60

[audit]
# The log's name, signed in every checkpoint. Never change it: it would be another log.
origin = ${quote(origin)}
# How long the answer for an idempotency key is kept.
# answer_retention_hours = 168
# Whoever reaches this address may read the whole log, names of models, keys and callers included (docs/audit-guide.md, Publishing). Plain HTTP,
# for a reverse proxy in front; with a certificate, TLS. Off by default.
# listen = "127.0.0.1:7480"
# certificate = "tls/log.crt"    # PEM, leaf first
# private_key = "tls/log.key"    # PEM, mode 0600
# Keeps the log written down as plain files for a static host, in this directory. Off by default.
# publish = "/srv/log"
# Where old entries are that sealstone audit archive moved out of the database; keep it as long as the log (docs/audit-guide.md, Cold storage).
# cold = "/srv/sealstone-cold"
# Whether callers are pseudonyms in the log: "off" or "callers". The key is made in this directory; docs/audit-guide.md says how to find out who is who.
# pseudonyms = "off"
# Which part of the good verifications is told one by one, from 0.0 to 1.0; failed ones always are. All others are counted.
# verify_sample = 0.0
# How often the number of those is told, if there were any; also that of decisions of gateways that a minute had no room for.
# verify_summary_seconds = 300
# How often the whole log is checked in the background, slowly; also after each start. 0: never. Signing goes on meanwhile.
# check_hours = 24
# Witnesses cosign this log's checkpoints, so that it cannot show different histories to different people (docs/audit-guide.md). With
# some, say how many make a quorum, and how long a signature waits for one before it is answered without (0: it does not wait).
#   witness_quorum = 2
#   witness_wait_ms = 0
# One table each, after the other settings of [audit]: its name, its URL without /add-checkpoint, and its keys.
#   [[audit.witness]]
#   name = "witness.example/w1"
#   url = "https://witness.example/w1"
#   keys = ["witness.example/w1+…", "witness.example/w1+…"]

# Checkpoints can be timestamped by an authority (RFC 3161), so that others prove when something was signed (docs/audit-guide.md).
#   [audit.timestamps]
#   url = "https://tsa.example/"
#   ca = "tls/tsa-ca.pem"           # PEM, whom its certificates lead to
#   every = "1d"                    # s, m, h or d
#   digest = "sha256"               # or sha384, sha512: what the authority takes
#   name = "tsa.example"            # as it stands below checkpoints; default is the host of url

[trust]
# How long a trust file is good for; the daemon issues a new one when half of it is over, and whenever a key changes.
# valid_days = 90
# How many witnesses verifiers are to demand in a receipt. 0: they are told the witnesses, and demand none.
# witness_quorum = 0

[keys]
# How long a key version waits between \`sealstone keys destroy\` and its end; until then it can be called off.
# destroy_wait_hours = 168
# How often a key is tested, the keys in turn; one that fails is put into quarantine.
# canary_seconds = 30

[recovery]
# age recipients whose owners keep their identities offline: new keys are encrypted to them too, so that they survive the token.
# docs/recovery.md says what that means for a key.
${recipients.length === 0 ? '# recipients = []' : `recipients = [${recipients.map(quote).join(', ')}]`}

[key_host]
# How many processes sign, each with its own login to the token. 0: one less than the machine has cores, at least 1.
${children === 0 ? '# ' : ''}children = ${children}
# How long an expanded ML-DSA key is kept in such a process after its last signature. 0: it is unsealed anew for each signature.
# keep_keys_ms = 2000

[serve]
# What cannot be signed within so many milliseconds is refused at once, with a time to come again.
# queue_ms = 1000
# How long running requests may take to finish after SIGTERM.
# drain_seconds = 20

[metrics]
# Where Prometheus may fetch metrics, on this machine only: http://127.0.0.1:9464/metrics. Off by default; docs/operations.md lists them.
# listen = "127.0.0.1:9464"

[console]
# Where browsers find the review console, on this machine only. Off by default; docs/console.md says how it is used.
# listen = "127.0.0.1:7490"
# For an address that others can reach: a certificate and its key, PEM, relative to this directory.
# certificate = "tls/console.crt"
# private_key = "tls/console.key"
# Names by which browsers reach it, beside its own address; requests under any other name are refused.
# hosts = ["review.example"]
# Without a certificate an address that others can reach is refused, unless something in front of it does TLS.
# allow_plain_http = false

[traces]
# Where OpenTelemetry traces are sent, by OTLP over HTTP. Off by default; docs/operations.md says what is in them.
# endpoint = "http://127.0.0.1:4318/v1/traces"
# Which part of the calls is traced that bring no trace of their own. 0: nothing is sent.
# sample_ratio = 1.0
# Headers that the collector wants, such as a token: one "name: value" a line, in a file that you alone can read.
# headers_file = "traces.headers"

[logs]
# Where the entries of the audit log are sent as OpenTelemetry logs, by OTLP over HTTP. Off by default; docs/operations.md says what is in them.
# endpoint = "http://127.0.0.1:4318/v1/logs"
# As for traces.
# headers_file = "logs.headers"

[log]
# debug, info, warn or error. Lines are JSON on standard error.
# level = "info"

# Who may do what. No matching rule means no. identity: "local" is the owner of the socket, "loopback" is anybody on this machine
# who uses --insecure-loopback, others are the SPIFFE URI or DNS name in their client certificate. operations: sign, verify,
# audit.read, audit.record, audit.archive, hash.stream, hash.path, keys.read, and for those who manage keys: keys.create, keys.rotate, keys.enable, keys.disable,
# keys.retire, keys.compromise, keys.destroy, keys.policy, keys.adopt, keys.import, keys.certify, keys.rewrap, keys.backup,
# keys.restore. "*" stands for any text.
# The trust file holds every key, so it needs keys.read with keys = ["*"]; keys.rewrap, keys.backup and keys.restore need that too.
[[policy.allow]]
identity = "local"
operations = ["*"]
keys = ["*"]

# [[policy.allow]]
# identity = "spiffe://registry.example/publisher"
# operations = ["sign", "keys.read"]
# keys = ["default"]

# [[policy.allow]]
# identity = "loopback"
# operations = ["verify", "keys.read"]
# keys = ["*"]
`
}

/** A TOML basic string. */
function quote(text: string): string {
  return JSON.stringify(text)
}
