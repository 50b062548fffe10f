#!/bin/sh
# Runs SoftHSM for one Sealstone state directory: make it, look at it, use other PKCS#11 tools on it.
# No PIN is ever an argument or an environment variable here: Sealstone draws them itself, other tools ask on the terminal.
set -eu

usage() {
  cat <<'TEXT'
usage: softhsm/softhsm.sh COMMAND [ARGS]

  init [ARGS]     set up the state directory with its own SoftHSM token: sealstone init ARGS
  show            the token's label, serial and state
  objects         what is in the token (asks for the user PIN; needs pkcs11-tool of OpenSC)
  run CMD ARGS    run any program with this token's SOFTHSM2_CONF
  module          the path of the SoftHSM module

The state directory is $SEALSTONE_HOME, or ~/.sealstone.
TEXT
}

fail() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit "${3:-2}"
}

module() {
  for path in /usr/lib/softhsm/libsofthsm2.so /usr/lib64/softhsm/libsofthsm2.so /usr/lib64/pkcs11/libsofthsm2.so \
    /usr/lib/pkcs11/libsofthsm2.so /opt/homebrew/lib/softhsm/libsofthsm2.so /usr/local/lib/softhsm/libsofthsm2.so; do
    [ -e "$path" ] && { echo "$path"; return; }
  done
  fail 'SoftHSM2 is not installed' 'apt install softhsm2, dnf install softhsm, or brew install softhsm' 3
}

# Everything but init needs a token that is there.
use_token() {
  [ -f "$home/softhsm2.conf" ] || fail "no SoftHSM token in $home" 'make one with: softhsm/softhsm.sh init' 3
  SOFTHSM2_CONF="$home/softhsm2.conf"
  export SOFTHSM2_CONF
}

need() {
  command -v "$1" >/dev/null 2>&1 || fail "there is no $1" "$2" 3
}

home=${SEALSTONE_HOME:-$HOME/.sealstone}
here=$(cd "$(dirname "$0")/.." && pwd)
command=${1:-help}
[ $# -gt 0 ] && shift

case $command in
  init)
    module >/dev/null
    exec "$here/src/cli/sealstone" init "$@"
    ;;
  show)
    use_token
    need softhsm2-util 'it comes with SoftHSM2'
    exec softhsm2-util --show-slots
    ;;
  objects)
    use_token
    need pkcs11-tool 'apt install opensc, dnf install opensc, or brew install opensc'
    exec pkcs11-tool --module "$(module)" --token-label sealstone --login --list-objects
    ;;
  run)
    use_token
    [ $# -gt 0 ] || fail 'run needs a program' 'for example: softhsm/softhsm.sh run p11tool --list-tokens'
    exec "$@"
    ;;
  module) module ;;
  help | -h | --help) usage ;;
  *) fail "unknown command $command" 'softhsm/softhsm.sh --help lists them' ;;
esac
